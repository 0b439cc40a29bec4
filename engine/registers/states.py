"""How an act or a contract stands, as expressions of the regulation language over the portal map.

Decides what «не подписан», «просрочен», «подписан, не оплачен» mean. Each state is a derived field like those of the
map: rules of the language compute it, filters name it, a company that has a field of that name keeps its own. A state
whose fields the map lacks does not exist. What depends on today is written with `today` and never stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.effects import Said
from engine.language.types import MONEY, YES_NO, Type, choice

EXPIRES_SOON = 30


@dataclass(frozen=True, slots=True)
class Derived:
    """A derived field that registers add to an entity: the first text that compiles over the map is taken."""

    name: str
    type: Type
    title: Said
    texts: tuple[str, ...]


def _flag(name: str, ru: str, en: str, *texts: str) -> Derived:
    return Derived(name, YES_NO, Said(ru, en), texts)


# A date in `original_received_at` alone counts as signed, whatever else the act says (CONTRACT, fixed readings).
_ACT: Final = (
    _flag(
        "accepted",
        "Подписан",
        "Signed",
        "act.signed or act.original_received_at != empty",
        "act.signed",
    ),
    _flag("unsigned", "Не подписан", "Unsigned", "not act.cancelled and not act.accepted"),
    _flag(
        "not_sent",
        "Не отправлен",
        "Not sent",
        "act.unsigned and act.sent_at == empty and act.refusal == empty",
        "act.unsigned and act.sent_at == empty",
    ),
    # What does not depend on today is kept apart, so that it is stored and only the day is compared when asked.
    _flag(
        "awaited",
        "Ждём до срока",
        "Awaited by a date",
        "act.unsigned and act.sent_at != empty and act.due_at != empty",
    ),
    _flag(
        "overdue",
        "Просрочен",
        "Overdue",
        "act.awaited and today > act.due_at.date",
    ),
    _flag("refused", "Отказ", "Refused", "act.unsigned and act.refusal != empty"),
    # The deal's money pays for the acts in force that are signed, the earliest first: an act that it does not reach is
    # a debt. What the deal has beyond them all would have to be given back for the acts that are not signed.
    _flag(
        "signed_unpaid",
        "Подписан, не оплачен",
        "Signed, unpaid",
        "not act.cancelled and act.accepted and act.deal != empty and act.deal.paid < sum(a.amount"
        " for a in act.deal.acts if not a.cancelled and a.accepted and (a.id == act.id or a.date <= act.date))",
        "not act.cancelled and act.accepted and act.deal != empty and act.deal.paid < act.deal.accepted_amount",
    ),
    _flag(
        "paid_unsigned",
        "Оплачен, не подписан",
        "Paid, unsigned",
        "act.unsigned and act.deal != empty and act.deal.paid > act.deal.accepted_amount",
    ),
)
ACT_STATES: Final[Mapping[str, Said]] = {
    "cancelled": Said("Аннулирован", "Cancelled"),
    "refused": Said("Отказ клиента", "Refused by the client"),
    "overdue": Said("Просрочен", "Overdue"),
    "not_sent": Said("Не отправлен", "Not sent"),
    "unsigned": Said("Ждём подписи", "Unsigned"),
    "signed_unpaid": Said("Подписан, не оплачен", "Signed, unpaid"),
    "signed": Said("Подписан", "Signed"),
}
CONTRACT_STATES: Final[Mapping[str, Said]] = {
    "terminated": Said("Расторгнут", "Terminated"),
    "expired": Said("Истёк", "Expired"),
    "expiring": Said("Истекает", "Expiring"),
    "in_force": Said("Действует", "In force"),
    "not_begun": Said("Ещё не действует", "Not in force yet"),
    "signed_by_us": Said("Подписан нами", "Signed by us"),
    "signed_by_them": Said("Подписан второй стороной", "Signed by the other side"),
    "sent": Said("Отправлен", "Sent"),
    "draft": Said("Проект", "Draft"),
}
_DEAL: Final = (
    Derived(
        "accepted_amount",
        MONEY,
        Said("Подписано актов на сумму", "Acts signed"),
        ("sum(a.amount for a in deal.acts if not a.cancelled and a.accepted)",),
    ),
)
_CONTRACT: Final = (
    _flag("terminated", "Расторгнут", "Terminated", "contract.cancelled"),
    _flag(
        "signed_by_both",
        "Подписан обеими",
        "Signed by both",
        "not contract.cancelled and contract.signed_by_us and contract.signed_by_them",
    ),
    _flag(
        "expired",
        "Истёк",
        "Expired",
        "contract.signed_by_both and contract.valid_to != empty and contract.valid_to < today",
    ),
    _flag(
        "in_force",
        "Действует",
        "In force",
        "contract.signed_by_both and not contract.expired"
        " and (contract.valid_from == empty or contract.valid_from <= today)",
    ),
    _flag(
        "expiring",
        "Истекает",
        "Expiring",
        f"contract.in_force and contract.valid_to != empty and contract.valid_to <= today + days({EXPIRES_SOON})",
    ),
)
_ACT_STANDING: Final = (
    (
        '"cancelled" if act.cancelled else "refused" if act.refused else "not_sent" if act.not_sent'
        ' else "unsigned" if act.unsigned else "signed_unpaid" if act.signed_unpaid else "signed"'
    ),
    '"cancelled" if act.cancelled else "unsigned" if act.unsigned else "signed"',
)
_ACT_STATE: Final = (
    '"overdue" if act.standing == "unsigned" and act.overdue else act.standing',
    "act.standing",
)
_CONTRACT_STATE: Final = tuple(
    '"terminated" if contract.cancelled else "expired" if contract.expired else "expiring" if contract.expiring'
    ' else "in_force" if contract.in_force else "not_begun" if contract.signed_by_both'
    ' else "signed_by_us" if contract.signed_by_us else "signed_by_them" if contract.signed_by_them'
    f'{sent} else "draft"'
    for sent in (' else "sent" if contract.sent_at != empty', "")
)
STATE, STANDING = "state", "standing"
ADDED: Final[Mapping[str, tuple[Derived, ...]]] = {
    "deal": _DEAL,
    "act": (
        *_ACT,
        Derived(
            STANDING,
            choice(*ACT_STATES),
            Said("Состояние без срока", "State but for the date"),
            _ACT_STANDING,
        ),
        Derived(STATE, choice(*ACT_STATES), Said("Состояние", "State"), _ACT_STATE),
    ),
    "contract": (
        *_CONTRACT,
        Derived(STATE, choice(*CONTRACT_STATES), Said("Состояние", "State"), _CONTRACT_STATE),
    ),
}
STATE_WORDS: Final[Mapping[str, Mapping[str, Said]]] = {"act": ACT_STATES, "contract": CONTRACT_STATES}
# Names of yes/no fields that may hold beside the state: an act refused may be overdue as well.
FLAGS: Final[Mapping[str, tuple[str, ...]]] = {
    "act": ("refused", "overdue", "not_sent", "unsigned", "paid_unsigned", "signed_unpaid"),
    "contract": ("terminated", "expired", "expiring", "in_force"),
}
