"""Why the portal holds something else than was written: the likely cause, in both languages.

Decides from the item's row, the portal's own description of the field and the last writer's name. It asks nothing
itself (`readback.py` does), and where nothing speaks for one cause it names those that are left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from engine.effects import Said
from engine.language.values import Item, Value

if TYPE_CHECKING:
    from engine.action import Answer
    from engine.portal.map import PortalMap

# Kinds of the map and the portal's field types that can hold them; kinds that are not here fit more than one can list.
_FITS: Final[Mapping[str, frozenset[str]]] = {
    "yes/no": frozenset({"boolean", "char"}),
    "date": frozenset({"date", "datetime"}),
    "time": frozenset({"datetime"}),
    "money": frozenset({"money", "double", "integer"}),
    "number": frozenset({"double", "integer"}),
    "file": frozenset({"file"}),
}


@dataclass(frozen=True)
class Told:
    """What the portal says: the item's `row`, its `fields` by code, the id of the user that we write as.

    `fields` and `me` are empty where the portal did not say.
    """

    row: Mapping[str, object]
    fields: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    me: str = ""

    def with_answers(self, answers: Sequence[Answer]) -> Told:
        """Return it with the answers to `crm.item.fields` and `profile` taken in."""
        described, profile = answers[0].result, answers[1].result
        fields = described.get("fields") if isinstance(described, Mapping) else None
        me = str(profile.get("ID") or "") if isinstance(profile, Mapping) else ""
        return replace(self, fields=fields if isinstance(fields, Mapping) else {}, me=me)


def cause_of(
    portal: PortalMap, item: Item, name: str, meant: Value, found: Mapping[str, Value], told: Told
) -> Said:
    """Return the likeliest cause of one field's difference; `found` are the item's values as they are."""
    spec = portal.world.field(item.entity, name)
    code = spec.binding.get("field", name) if spec else name
    about = told.fields.get(code, {})
    held = found.get(name)
    if code not in told.row and not about:
        return _unknown_field(code)
    if about.get("isReadOnly") is True or about.get("isImmutable") is True:
        return Said(
            f"Поле {code} на портале только для чтения: через REST его не изменить.",
            f"The field {code} is read-only on the portal: REST cannot change it.",
        )
    causes = (
        _wrong_type(code, spec.type.kind if spec else "", about),
        _other_pipeline(portal, item, meant, held),
        _unknown_option(code, spec.codes if spec else {}, meant, about),
        _truncated(code, meant, held),
        _required(code, meant, about),
        _somebody_else(code, held, told),
    )
    return next((cause for cause in causes if cause is not None), None) or _unknown_cause(code, held)


def _unknown_field(code: str) -> Said:
    return Said(
        f"На портале у этого элемента нет поля {code}: проверьте код в карте портала.",
        f"The portal has no field {code} on this item: check its code in the portal map.",
    )


def _wrong_type(code: str, kind: str, about: Mapping[str, object]) -> Said | None:
    there = str(about.get("type") or "")
    if not there or kind not in _FITS or there in _FITS[kind]:
        return None
    return Said(
        f"Поле {code} на портале другого типа ({there}), а в карте портала оно {kind}.",
        f"The field {code} is of type {there} on the portal, the portal map calls it {kind}.",
    )


def _other_pipeline(portal: PortalMap, item: Item, meant: Value, held: Value) -> Said | None:
    homes = {
        stage: pipeline
        for pipeline in portal.world.pipelines.values()
        if pipeline.entity == item.entity
        for stage in pipeline.stages
    }
    wanted, stands = homes.get(str(meant)), homes.get(str(held))
    if wanted is None or stands is None or wanted.name == stands.name:
        return None
    return Said(
        f"Стадия {meant} — направления «{wanted.title}», а элемент в направлении «{stands.title}».",
        f"The stage {meant} is of the pipeline “{wanted.title}”, the item is in “{stands.title}”.",
    )


def _unknown_option(
    code: str, codes: Mapping[str, str], meant: Value, about: Mapping[str, object]
) -> Said | None:
    options = about.get("items")
    if not isinstance(meant, str) or meant not in codes or not isinstance(options, list) or not options:
        return None
    known = {str(one.get("ID")) for one in options if isinstance(one, Mapping)}
    if codes[meant] in known:
        return None
    return Said(
        f"В списке поля {code} на портале нет значения {codes[meant]} ({meant}): проверьте карту портала.",
        f"The portal's list of {code} has no value {codes[meant]} ({meant}): check the portal map.",
    )


def _truncated(code: str, meant: Value, held: Value) -> Said | None:
    if not isinstance(meant, str) or not isinstance(held, str) or not held:
        return None
    whole, left = meant.replace("\r\n", "\n").strip(), held.replace("\r\n", "\n").strip()
    if not left or len(left) >= len(whole) or not whole.startswith(left):
        return None
    return Said(
        f"Портал обрезал текст поля {code}: осталось {len(left)} знаков из {len(whole)}.",
        f"The portal cut the text of {code}: {len(left)} of {len(whole)} characters are left.",
    )


def _required(code: str, meant: Value, about: Mapping[str, object]) -> Said | None:
    if meant not in (None, "", ()) or about.get("isRequired") is not True:
        return None
    return Said(
        f"Поле {code} на портале обязательное: пустым его не сделать.",
        f"The field {code} is required on the portal: it cannot be emptied.",
    )


def _somebody_else(code: str, held: Value, told: Told) -> Said | None:
    writer, at = str(told.row.get("updatedBy") or ""), str(told.row.get("updatedTime") or "")[:16]
    if held is None or not told.me or writer in ("", "0", told.me):
        return None
    at = at.replace("T", " ")
    return Said(
        f"Поле {code} успел изменить кто-то другой: последним элемент сохранил user/{writer} ({at}).",
        f"Somebody else has changed {code} meanwhile: the item was last saved by user/{writer} ({at}).",
    )


def _unknown_cause(code: str, held: Value) -> Said:
    if held is None:
        return Said(
            f"Портал не принял значение поля {code}: нет права его менять, либо его очистил робот.",
            f"The portal did not take the value of {code}: no right to change it, or a robot emptied it.",
        )
    return Said(
        f"Поле {code} держит другое значение: нет права его менять, либо его переписал робот.",
        f"The field {code} holds another value: no right to change it, or a robot rewrote it.",
    )
