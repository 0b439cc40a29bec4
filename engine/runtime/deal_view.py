"""What the portal's own interface shows of a deal: its acts with their states, and what the rules did.

Decides how an act stands, in words, and that a run is shown to those alone who may see its item. Everything is read
with the viewer's own rights: the portal, not this module, decides what they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from engine.language.formats import date_text, money_text
from engine.language.values import File, Item, Money, Undecided, Value
from engine.portal.errors import PortalError
from engine.portal.gateway import Gateway
from engine.portal.map import PortalMap
from engine.registers.menu import MenuGroup, menu_groups
from engine.registers.opening import Office
from engine.runtime.journal import Journal, RunLine
from engine.runtime.listing import rows_of
from engine.runtime.run_list import Wanted

DEAL_TYPE = 2
_ACT = "act"
_RUNS, _RUNS_OF_ONE = 30, 15
# What a viewer without the right is told by the two families of methods.
_NOT_SEEN = frozenset({"ACCESS_DENIED", "NOT_FOUND", ""})


@dataclass(frozen=True, slots=True)
class ActLine:
    """An act as a person sees it. `tone` is good, wait, bad or none."""

    title: str
    date: str
    amount: str
    state: str
    tone: str
    url: str


@dataclass(frozen=True, slots=True)
class DealPage:
    """A page for one viewer. `title` is the deal's, empty for the register with its `groups`; `is_cut`: more exist."""

    title: str
    acts: tuple[ActLine, ...]
    runs: tuple[RunLine, ...]
    is_cut: bool = False
    groups: tuple[MenuGroup, ...] = ()


@dataclass(frozen=True)
class DealView:
    """Reads pages for viewers: each call brings the viewer's own `gateway`. `office` is None without acts."""

    portal: PortalMap
    journal: Journal
    office: Office | None = None

    def deal(self, gateway: Gateway, number: str, now: datetime) -> DealPage | None:
        """Return the page of a deal, None where the viewer may not see it. Raises PortalError."""
        entity = self._deal_entity()
        if not entity:
            return DealPage("", (), ())
        item = Item(entity, number)
        commands = [self.portal.read("deal", item, tolerate=_NOT_SEEN)]
        if _ACT in self.portal.world.entities:
            commands.append(self.portal.children("acts", _ACT, item))
        outcomes = gateway.outcomes(commands)
        if isinstance(outcomes[0], PortalError):
            raise outcomes[0]
        row = outcomes[0].result.get("item") if isinstance(outcomes[0].result, Mapping) else None
        if outcomes[0].error or not isinstance(row, Mapping):
            return None
        rows = (
            [] if len(outcomes) < 2 or isinstance(outcomes[1], PortalError) else rows_of(outcomes[1].result)
        )
        acts = [(Item(_ACT, str(one["id"])), self.portal.decode(_ACT, one)) for one in rows]
        title = _text(self.portal.decode(entity, row).get("title")) or f"{entity}/{number}"
        lines = tuple(self._line(act, fields, now) for act, fields in acts)
        return DealPage(title, lines, self._runs([item, *(act for act, _ in acts)]), len(rows) >= 50)

    def registers(self, gateway: Gateway) -> DealPage:
        """Return the register of acts by its saved filters, as the viewer may see it. Raises PortalError."""
        if self.office is None:
            return DealPage("", (), ())
        return DealPage("", (), (), groups=menu_groups(self.office, self.portal, gateway))

    def _deal_entity(self) -> str:
        world = self.portal.world
        return next((spec.name for spec in world.entities.values() if spec.type_id == DEAL_TYPE), "")

    def _line(self, act: Item, fields: Mapping[str, Value], now: datetime) -> ActLine:
        state, tone = state_of(fields, now)
        return ActLine(
            _text(fields.get("number")) or _text(fields.get("title")) or act.id,
            _text(fields.get("date")),
            _text(fields.get("amount")),
            state,
            tone,
            self.portal.url(act),
        )

    def _runs(self, items: Sequence[Item]) -> tuple[RunLine, ...]:
        found: dict[int, RunLine] = {}
        for item in items:
            for line in self.journal.list_runs(Wanted(item=str(item), limit=_RUNS_OF_ONE)):
                found[line.n] = line
        return tuple(found[n] for n in sorted(found, reverse=True)[:_RUNS])


def state_of(act: Mapping[str, Value], now: datetime) -> tuple[str, str]:
    """Return how an act stands, in Russian, and its tone: good, wait, bad or empty."""
    signed, due, sent = act.get("signed"), act.get("due_at"), act.get("sent_at")
    refusal, scan = act.get("refusal"), act.get("scan")
    if act.get("cancelled") is True:
        return "аннулирован", ""
    if isinstance(signed, Undecided) or signed is None:
        return "состояние не прочитано", "wait"
    if signed is True:
        when = act.get("signed_at")
        return (f"подписан {date_text(when)}" if isinstance(when, datetime) else "подписан"), "good"
    if isinstance(refusal, str) and refusal:
        return f"клиент отказал: {refusal}", "bad"
    if isinstance(scan, File):
        return "скан получен, ещё не принят", "wait"
    if isinstance(due, datetime) and due < now:
        return f"просрочен: ждали до {date_text(due)}", "bad"
    if isinstance(sent, datetime):
        until = f" до {date_text(due)}" if isinstance(due, datetime) else ""
        return f"отправлен {date_text(sent)}, ждём подписи{until}", "wait"
    return "ещё не отправлен", "wait"


def _text(value: Value) -> str:
    if isinstance(value, Money):
        return money_text(value)
    if value is None or isinstance(value, Undecided):
        return ""
    return date_text(value) if isinstance(value, date) else str(value)
