"""The portal as it is: kinds of item with their fields, pipelines and stages, and its drives.

Decides which reads tell that and how their answers are understood. It compares nothing with the map and names
nothing. A part that the portal does not tell is absent and its refusal kept: one closed door hides one room.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engine.action import Answer, Command
from engine.portal.errors import PortalError
from engine.portal.gateway import Gateway

DEAL, CONTACT, COMPANY, INVOICE = 2, 3, 4, 31
_BUILT_IN = (DEAL, CONTACT, COMPANY, INVOICE)
_PAGE = 50
_MOST_PAGES = 40


@dataclass(frozen=True, slots=True)
class PortalField:
    """A field as the portal describes it; `options` maps the ids of a list's values to what they say."""

    code: str
    upper: str
    type: str
    title: str
    is_multiple: bool = False
    is_own: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    parent_type: int | None = None


@dataclass(frozen=True, slots=True)
class PortalStage:
    """A stage: its code, its name, `success`/`failure` where it is final, and the row of its directory."""

    code: str
    title: str
    final: str = ""
    row: str = ""


@dataclass(frozen=True, slots=True)
class PortalPipeline:
    """A pipeline (funnel) with its stages in the order of the board."""

    id: str
    title: str
    stages: tuple[PortalStage, ...]


@dataclass(frozen=True, slots=True)
class PortalKind:
    """A kind of item. `process` is the smart process's own id, which its fields are called by; else empty."""

    type_id: int
    title: str
    process: str = ""
    switches: frozenset[str] = frozenset()
    fields: Mapping[str, PortalField] = field(default_factory=dict)
    pipelines: tuple[PortalPipeline, ...] = ()

    @property
    def owner(self) -> str:
        """The name under which the portal registers this kind's own fields: `CRM_DEAL`, `CRM_12`."""
        named = {
            DEAL: "CRM_DEAL",
            CONTACT: "CRM_CONTACT",
            COMPANY: "CRM_COMPANY",
            INVOICE: "CRM_SMART_INVOICE",
        }
        return named.get(self.type_id, f"CRM_{self.process}")


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything read. `kinds` holds what the portal has; `refusals` what it would not tell, by the question.

    `drives` are the storages as the portal prints them: `ID`, `ENTITY_TYPE`, `ROOT_OBJECT_ID`, …
    """

    kinds: Mapping[int, PortalKind]
    drives: Sequence[Mapping[str, object]]
    refusals: Mapping[str, PortalError]

    @property
    def processes(self) -> tuple[PortalKind, ...]:
        """The smart processes, in the portal's order."""
        return tuple(kind for kind in self.kinds.values() if kind.process)


def read_picture(gateway: Gateway, wanted: Iterable[int] = ()) -> Picture:
    """Return the portal as it is now; `wanted` are type ids that the map names.

    Three requests for a usual portal. Raises PortalError where the portal does not answer at all.
    """
    refusals: dict[str, PortalError] = {}
    first = {
        "statuses": Command("statuses", "crm.status.list", {"order": {"SORT": "ASC"}}, assume=[]),
        "drives": Command("drives", "disk.storage.getlist", {}, assume=[]),
    }
    types = _read_types(gateway, refusals)
    answers = _ask(gateway, first, refusals)
    kinds = list(dict.fromkeys([*_BUILT_IN, *types, *(one for one in wanted if one in _BUILT_IN)]))
    asked: dict[str, Command] = {}
    for kind in kinds:
        params = {"entityTypeId": kind, "useOriginalUfNames": "N"}
        asked[f"fields {kind}"] = Command(f"fields {kind}", "crm.item.fields", params)
        if kind not in (CONTACT, COMPANY):
            asked[f"pipelines {kind}"] = Command(
                f"pipelines {kind}", "crm.category.list", {"entityTypeId": kind}
            )
    answers |= _ask(gateway, asked, refusals)
    statuses = _rows(answers.get("statuses"), "")
    found = {
        kind: _kind(kind, types.get(kind, {}), answers, statuses)
        for kind in kinds
        if f"fields {kind}" in answers
    }
    return Picture(found, _rows(answers.get("drives"), ""), refusals)


def _read_types(gateway: Gateway, refusals: dict[str, PortalError]) -> dict[int, Mapping[str, object]]:
    found: dict[int, Mapping[str, object]] = {}
    for page in range(_MOST_PAGES):
        params: dict[str, object] = {"start": page * _PAGE, "order": {"id": "ASC"}}
        answer = _ask(gateway, {"types": Command("types", "crm.type.list", params)}, refusals).get("types")
        rows = _rows(answer, "types")
        found |= {int(str(row["entityTypeId"])): row for row in rows if _is_number(row.get("entityTypeId"))}
        if len(rows) < _PAGE:
            break
    return {kind: row for kind, row in found.items() if kind not in _BUILT_IN}


def _ask(
    gateway: Gateway, commands: Mapping[str, Command], refusals: dict[str, PortalError]
) -> dict[str, object]:
    """Return the answers by question; a refusal is kept. Raises PortalError where every question failed alike
    for want of a portal.
    """
    found: dict[str, object] = {}
    failed: list[PortalError] = []
    for name, outcome in zip(commands, gateway.outcomes(list(commands.values())), strict=True):
        if isinstance(outcome, Answer):
            found[name] = outcome.result
        else:
            refusals[name] = outcome
            failed.append(outcome)
    if failed and not found and failed[0].retry != "never":
        raise failed[0]
    return found


def _kind(
    kind: int,
    row: Mapping[str, object],
    answers: Mapping[str, object],
    statuses: Sequence[Mapping[str, object]],
) -> PortalKind:
    described = answers.get(f"fields {kind}")
    listed = described.get("fields") if isinstance(described, Mapping) else None
    fields = {
        str(code): _field(str(code), body)
        for code, body in (listed.items() if isinstance(listed, Mapping) else ())
        if isinstance(body, Mapping)
    }
    pipelines = [
        PortalPipeline(str(one["id"]), str(one.get("name", "")), _stages(kind, str(one["id"]), statuses))
        for one in _rows(answers.get(f"pipelines {kind}"), "categories")
        if "id" in one
    ]
    switches = frozenset(str(name) for name, value in row.items() if value == "Y")
    title, process = str(row.get("title", "")), str(row.get("id") or "")
    return PortalKind(kind, title, process, switches, fields, tuple(pipelines))


def _field(code: str, body: Mapping[str, object]) -> PortalField:
    settings = body.get("settings")
    parent = settings.get("parentEntityTypeId") if isinstance(settings, Mapping) else None
    return PortalField(
        code,
        str(body.get("upperName", "")),
        str(body.get("type", "")),
        str(body.get("title") or body.get("formLabel") or ""),
        body.get("isMultiple") in (True, "Y"),
        body.get("isDynamic") in (True, "Y"),
        {str(one["ID"]): str(one.get("VALUE", "")) for one in _rows(body.get("items"), "") if "ID" in one},
        int(str(parent)) if _is_number(parent) else None,
    )


def stage_directory(kind: int, pipeline: str) -> str:
    """Return the directory (ENTITY_ID of `crm.status.*`) that holds a pipeline's stages (PROTOCOL §4.2)."""
    if kind == DEAL:
        return "DEAL_STAGE" if pipeline == "0" else f"DEAL_STAGE_{pipeline}"
    start = "SMART_INVOICE" if kind == INVOICE else f"DYNAMIC_{kind}"
    return f"{start}_STAGE_{pipeline}"


def _stages(kind: int, pipeline: str, statuses: Sequence[Mapping[str, object]]) -> tuple[PortalStage, ...]:
    directory = stage_directory(kind, pipeline)
    rows = [row for row in statuses if row.get("ENTITY_ID") == directory]
    rows.sort(key=lambda row: int(str(row.get("SORT") or 0)) if _is_number(row.get("SORT")) else 0)
    finals = {"S": "success", "F": "failure"}
    return tuple(
        PortalStage(
            str(row.get("STATUS_ID", "")),
            str(row.get("NAME", "")),
            finals.get(str(row.get("SEMANTICS") or ""), ""),
            str(row.get("ID", "")),
        )
        for row in rows
    )


def _rows(answer: object, member: str) -> list[Mapping[str, object]]:
    found = answer.get(member) if member and isinstance(answer, Mapping) else answer
    return list(_maps(found))


def _maps(found: object) -> Iterator[Mapping[str, object]]:
    for one in found if isinstance(found, list | tuple) else ():
        if isinstance(one, Mapping):
            yield one


def _is_number(value: object) -> bool:
    return str(value).isascii() and str(value).isdigit()
