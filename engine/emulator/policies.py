"""What the vendor leaves open, as named choices of this portal.

Every point that the documentation does not settle, or settles twice, is one field here: its default is what the
twin does, its other values are what a live portal may do instead. Decides nothing itself; whoever behaves by a
policy reads it. Kept in the state file, so a portal reopened is the same portal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from hashlib import sha256

from engine.emulator.store import Store

_MEMBER = "policies"
# Two posts of one burst change places at most this far, in seconds.
_DISORDER = 0.4
_EVERY_TENTH = 10


class PolicyError(ValueError):
    """No such policy, or a value it cannot have; the text says which there are."""


def _choice(default: str, *others: str, means: str) -> str:
    found: str = field(default=default, metadata={"choices": (default, *others), "means": means})
    return found


def _yes_no(default: str, means: str) -> str:
    return _choice(default, "no" if default == "yes" else "yes", means=means)


def _text(default: str, means: str) -> str:
    found: str = field(default=default, metadata={"means": means})
    return found


def _count(default: int, means: str) -> int:
    found: int = field(default=default, metadata={"means": means})
    return found


@dataclass(frozen=True)
class Policies:
    """One value a question; every field is text or a whole number, so that a command line can set it."""

    disk_forbidden: str = _text(
        '\\/:*?"<>|', "Characters a Drive name may not hold; control characters never."
    )
    disk_name_length: int = _count(255, "Longest Drive name, in characters.")
    disk_same_file: str = _choice(
        "refuse", "rename", "overwrite",
        means="An upload under a taken name, no generateUniqueName: DISK_OBJ_22000, another name, a new version.",
    )  # fmt: skip
    shared_drive: str = _text("shared_files_s1", "ENTITY_ID of the shared drive.")
    invoice_stages: str = _text(
        "N,S,P,D", "Stage codes of a new invoice funnel: new, sent, paid (success), declined (failure)."
    )
    invoice_numbered_events: str = _yes_no(
        "no", "Whether invoices raise ONCRMDYNAMICITEMUPDATE_31 and its like."
    )
    old_update_unchanged: str = _choice(
        "raises", "silent", means="Whether crm.deal.update with nothing new still raises ONCRMDEALUPDATE."
    )
    payment_raises_update: str = _yes_no("yes", "Whether marking a payment raises its owner's UPDATE.")
    old_invoice_events: str = _yes_no(
        "no", "Whether `events` lists ONCRMINVOICEADD and its like (old invoices)."
    )
    event_order: str = _choice("kept", "loose", means="Whether posts arrive in the order of the changes.")
    event_duplicates: str = _choice("none", "some", means="Whether about every tenth post arrives twice.")
    event_handler_id: str = _yes_no("yes", "Whether posts carry event_handler_id.")
    event_refresh_token: str = _yes_no("no", "Whether an application's ordinary events carry refresh_token.")
    robot_payload: str = _choice(
        "full", "sparse",
        means="Members of a robot's post: all that known clients read, or without workflow_id, timeout_duration, "
        "use_subscription and the refresh token.",
    )  # fmt: skip
    robot_same_code: str = _choice(
        "refuse",
        "replace",
        means="A robot added under a taken code: ERROR_ACTIVITY_ALREADY_INSTALLED, or replaced.",
    )
    description_type_2: str = _choice(
        "html", "bb", means="What DESCRIPTION_TYPE 2 of an e-mail means; 3 is the other one."
    )
    template_file: str = _choice(
        "either", "pair", "base64", means='File of template.add: ["name", "base64"], bare base64, or both.'
    )
    document_seconds: int = _count(30, "Seconds until the PDF of a generated document is there.")
    list_dates: str = _choice("ru", "en", means="Form of dates in universal lists: 31.12.2026 or 12/31/2026.")
    deal_letters: str = _choice(
        "camel", "kept", means="UF_CRM_ACT_SIGNED of a deal is ufCrmActSigned, or ufCrm_ACT_SIGNED."
    )
    operating_limit: int = _count(480, "Seconds one method may run for one caller in ten minutes.")
    stage_history: str = _choice("numbers", "text", means="How crm.stagehistory.list prints its numbers.")
    deleted_portal_status: str = _choice("500", "410", means="HTTP status of PORTAL_DELETED.")

    def spread(self, number: int) -> tuple[float, ...]:
        """Seconds that the copies of the n-th post are late: one copy, at once, unless a policy says otherwise.

        The same number gives the same answer, so that a test that fails can be repeated.
        """
        chance = sha256(str(number).encode()).digest()[0]
        late = _DISORDER * chance / 255 if self.event_order == "loose" else 0.0
        doubled = self.event_duplicates == "some" and number % _EVERY_TENTH == 0
        return (late, late + _DISORDER) if doubled else (late,)


def with_policies(before: Policies, given: Mapping[str, object]) -> Policies:
    """`before` with some fields set from text or numbers; `PolicyError` says what cannot be."""
    changes: dict[str, object] = {}
    known = {one.name: one for one in fields(Policies)}
    for name, raw in given.items():
        one = known.get(name)
        if one is None:
            raise PolicyError(f"no policy {name!r}; there are: {', '.join(sorted(known))}")
        choices = one.metadata.get("choices")
        value = str(raw)
        if choices and value not in choices:
            raise PolicyError(f"policy {name} is one of {', '.join(choices)}, not {value!r}")
        if isinstance(one.default, int):
            if not value.isdigit() or int(value) < 1:
                raise PolicyError(f"policy {name} is a whole number above 0, not {value!r}")
            changes[name] = int(value)
        else:
            changes[name] = value
    return replace(before, **changes)  # type: ignore[arg-type]


def parse_settings(texts: tuple[str, ...]) -> dict[str, str]:
    """``NAME=VALUE`` texts of a command line as a map; `PolicyError` where one is no such pair."""
    found: dict[str, str] = {}
    for text in texts:
        name, mark, value = text.partition("=")
        if not mark:
            raise PolicyError(f"{text!r} is not NAME=VALUE")
        found[name.strip()] = value.strip()
    return found


def read_policies(store: Store) -> Policies:
    """The choices of the portal behind this store."""
    return store.derived(
        ("policies", store.read_meta(_MEMBER)), (), lambda: with_policies(Policies(), _saved(store))
    )


def _saved(store: Store) -> Mapping[str, object]:
    saved = json.loads(store.read_meta(_MEMBER) or "{}")
    return saved if isinstance(saved, dict) else {}


def write_policies(store: Store, policies: Policies) -> None:
    """Keep the choices; only those that differ from the defaults, which a later version may change."""
    plain = asdict(Policies())
    different = {name: value for name, value in asdict(policies).items() if value != plain[name]}
    store.write_meta(_MEMBER, json.dumps(different, ensure_ascii=False))


def list_policies() -> list[tuple[str, str, str, str]]:
    """Name, default, other values and meaning of every policy, in order."""
    found = []
    for one in fields(Policies):
        choices = tuple(one.metadata.get("choices", ()))
        rest = ", ".join(choices[1:]) if choices else ("a number" if isinstance(one.default, int) else "text")
        found.append((one.name, str(one.default), rest, str(one.metadata["means"])))
    return found
