"""What the action tests share: the example company's map, facts as a table, a step driven by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path as Folder
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

from engine import Action, Answer, Command, Duration, Effect, Item, Money, Row, Setup, Undecided, Value
from engine.language.source import MapNode, read_source
from engine.language.types import World
from engine.language.world import read_world
from engine.portal.map import PortalMap
from engine.setup import DocumentSetup, MailSetup, VatRate
from tests.plugins.document_case import load_plugin

ROOT = Folder(__file__).parents[2]
ZONE = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 3, 13, 16, 41, 7, tzinfo=ZONE)  # a Friday
DEAL, COMPANY, CLIENT, MANAGER = (
    Item("deal", "118"),
    Item("company", "1"),
    Item("company", "12"),
    Item("user", "5"),
)
RATES = (VatRate(date(2019, 1, 1), Decimal(20)), VatRate(date(2026, 1, 1), Decimal(22)))

__all__ = ["ModuleType", "load_plugin"]


def world() -> World:
    """The map of `config.example.yaml`."""
    node, found = read_source("config.example.yaml", (ROOT / "config.example.yaml").read_bytes())
    assert isinstance(node, MapNode), found
    part = node.get("map")
    assert isinstance(part, MapNode)
    return read_world(part)[0]


WORLD = world()


def make_setup(*, included: bool = True, address: str = "https://demo.example", **own: object) -> Setup:
    numbers = {"act": "А-{year}/{n:03}", "invoice": "СЧ-{year}/{n:03}"}
    documents = DocumentSetup(numbers, Duration(5, "workdays"), RATES, prices_include_vat=included)
    portal = PortalMap(WORLD, address, "common", ZONE)
    return Setup("ООО «Кастом Сервис»", ZONE, "ru", documents, MailSetup(), portal, own)


def action_of(plugin: str, name: str, setup: Setup | None = None) -> Action:
    module = load_plugin(plugin)
    return next(one for one in module.reglament_actions(setup or make_setup()) if one.name == name)


def rub(text: str) -> Money:
    return Money(Decimal(text), "RUB")


def line(name: str, amount: str, quantity: str = "1") -> Row:
    price = rub(str(Decimal(amount) / Decimal(quantity)))
    return Row(
        (
            ("name", name),
            ("quantity", Decimal(quantity)),
            ("unit", "усл."),
            ("price", price),
            ("amount", rub(amount)),
            ("vat", None),
        )
    )


@dataclass
class Table:
    """Facts: item → field → value; what is not in it is undecided. Workdays skip Saturday and Sunday."""

    rows: dict[Item, dict[str, Value]]
    now: datetime = NOW

    @property
    def today(self) -> date:
        return self.now.date()

    def field(self, item: Item, name: str) -> Value:
        values = self.rows.get(item, {})
        return values[name] if name in values else Undecided(f"{item.entity}.{name}")

    def new(self, entity: str) -> Item:
        return Item(entity, "new-1")

    def add_workdays(self, start: date, count: int) -> date:
        while count:
            start += timedelta(days=1)
            count -= start.weekday() < 5
        return start


def deal_facts(**fields: Any) -> Table:
    """One deal of 48500.00 RUB in one stage, nothing issued yet; `fields` override or add."""
    deal: dict[str, Value] = {
        "id": "118",
        "title": "Реестр актов",
        "pipeline": "customisation",
        "stage": "report_sent",
        "amount": rub("48500.00"),
        "stage_plan": None,
        "lines": (line("Настройка", "40000.00"), line("Обучение", "8500.00", "2")),
        "own_company": COMPANY,
        "manager": MANAGER,
        "client": CLIENT,
        "contract": None,
        "acts": (),
        "invoices": (),
    }
    return Table({DEAL: {**deal, **fields}, MANAGER: {"active": True, "name": "Анна Орлова"}})


def child(facts: Table, entity: str, number: int, **fields: Any) -> Item:
    """Put an act or invoice under the deal."""
    item = Item(entity, str(number))
    facts.rows[item] = {"cancelled": False, "deal": DEAL, **fields}
    listed = facts.rows[DEAL][f"{entity}s"]
    assert isinstance(listed, tuple)
    facts.rows[DEAL][f"{entity}s"] = (*listed, item)
    return item


def planned(action: Action, facts: Table, **params: Any) -> Effect:
    """The effect, which must be decided; and pure: twice the same."""
    effect = action.effect(params, facts)
    assert isinstance(effect, Effect), effect
    assert action.effect(params, facts) == effect
    return effect


@dataclass
class Spoken:
    """A hand-driven portal: `replies` by method, each the result or a function of the command; asked in order."""

    replies: Mapping[str, object | Callable[[Command], object]]
    asked: list[Command] = field(default_factory=list)
    rounds: list[list[str]] = field(default_factory=list)
    memory: dict[str, str] = field(default_factory=dict)
    key: str = ""

    def drive(self, steps: Any) -> Any:
        answers: Sequence[Answer] | None = None
        try:
            while True:
                commands = list(steps.send(answers))
                self.rounds.append([command.method for command in commands])
                self.asked.extend(commands)
                answers = [self.answer(command) for command in commands]
        except StopIteration as end:
            ids = [command.id for command in self.asked]
            assert len(ids) == len(set(ids)), "command ids are unique within a step"
            return end.value

    def answer(self, command: Command) -> Answer:
        if command.method == "engine.recall":
            return Answer(command.id, self.memory.get(str(command.params["key"])))
        if command.method == "engine.remember":
            self.memory[str(command.params["key"])] = str(command.params["value"])
            return Answer(command.id)
        if command.method == "engine.key":
            return Answer(command.id, self.key)
        # What is asked only to explain a difference: a portal that does not say.
        silent: dict[str, object] = {"crm.item.fields": {"fields": {}}, "profile": {}}
        reply = self.replies[command.method] if command.method in self.replies else silent[command.method]
        result = reply(command) if callable(reply) else reply
        return result if isinstance(result, Answer) else Answer(command.id, result)

    def params(self, method: str) -> list[Mapping[str, Any]]:
        return [command.params for command in self.asked if command.method == method]
