"""What the present regulations ask of the portal: its methods, and the folders they begin their paths with.

Found by letting every action plan and yield its own commands on made-up facts (`engine.stand_ins`), carrying out
nothing. So an action of a company's own plugin counts as the shipped ones do, and no list needs keeping.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from engine.action import Action, Answer, Command, PluginError
from engine.decision.assume import assumed_effect
from engine.decision.edition import Edition
from engine.decision.event import Event
from engine.decision.facts import Facts
from engine.decision.plan import plan_step
from engine.effects import Effect
from engine.language.rules import Rule
from engine.language.types import FieldSpec
from engine.language.values import Path, Value, walk
from engine.portal.packing import is_engine_method
from engine.stand_ins import variants

_MOST_TURNS = 50
_NOTHING: Mapping[str, Mapping[str, str]] = MappingProxyType({})
# The engine's own reads and notes, whatever the rules are: the sweep, the stages' history, who to tell of trouble.
ENGINE = ("crm.item.list", "crm.stagehistory.list", "im.notify.system.add")
_BY_BINDING: Mapping[str, tuple[str, ...]] = {
    "field": ("crm.item.get",),
    "contact": ("crm.item.get",),
    "by": ("crm.item.list",),
    "requisite": ("crm.requisite.list",),
    "unique": ("crm.requisite.list",),
    "bank": ("crm.requisite.list", "crm.requisite.bankdetail.list"),
    "user": ("user.get",),
}


def application_methods(edition: Edition) -> Mapping[str, tuple[str, ...]]:
    """Return what a connected application registers beside: a tab, and robots where rules have commands.

    The rules work without.
    """
    places = {"placement.bind": ("tab",)}
    has_commands = any(trigger.kind == "command" for rule in edition.rules for trigger in rule.triggers)
    return places | ({"bizproc.robot.add": ("robots",)} if has_commands else {})


@dataclass(frozen=True, slots=True)
class Needed:
    """`methods` maps each portal method to who asks for it (`act.issue`, `facts`, `engine`).

    `folders` are the first folders of fixed paths. `unclear` names the actions that no made-up facts made plan
    anything: what they send is not known. `mails` is True where some rule sends letters; `extras` are what an
    application registers beside, without which the rules work.
    """

    methods: Mapping[str, tuple[str, ...]]
    folders: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()
    mails: bool = False
    extras: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def find_needed(edition: Edition, received: Mapping[str, Mapping[str, str]] = _NOTHING) -> Needed:
    """Return what `edition` asks of a portal. Nothing is sent.

    `received` are the events that plugins declare (`Host.received`).
    """
    methods: dict[str, set[str]] = {method: {"engine"} for method in ENGINE}
    for method in _reads(edition):
        methods.setdefault(method, set()).add("facts")
    folders: dict[str, None] = {}
    called = {call.action for rule in edition.rules for call in rule.actions}
    clear: set[str] = set()
    for name, effect in _effects(edition, received):
        sent = set(_sent(edition.actions[name], effect))
        clear.add(name)
        for method in sent:
            methods.setdefault(method, set()).add(name)
        folders |= dict.fromkeys(_roots([effect.params, effect.details, effect.result]))
    by_method = {method: tuple(sorted(methods[method])) for method in sorted(methods)}
    mails = any("mail" in edition.actions[name].kinds for name in called)
    return Needed(
        by_method, tuple(folders), tuple(sorted(called - clear)), mails, application_methods(edition)
    )


def _reads(edition: Edition) -> Iterator[str]:
    """Yield the methods by which the facts of the rules are read."""
    for path in sorted(edition.needs("")):
        entity, *names = path.split(".")
        for name in names:
            known = edition.world.field(entity, name)
            if known is None:
                break
            yield from _methods_of(known)
            entity = known.type.entity or (known.type.of.entity if known.type.of else "")
    yield from ("crm.item.get",) if edition.rules else ()


def _methods_of(known: FieldSpec) -> Iterator[str]:
    member = known.type.of
    if member is not None and member.kind == "row":
        yield "crm.item.productrow.list"
    for binding in known.binding:
        yield from _BY_BINDING.get(binding, ())
    if known.type.entity == "user":
        yield "user.get"


def _effects(edition: Edition, received: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, Effect]]:
    """Yield each action with what it would do on some made-up facts; actions of one rule see earlier results."""
    for made_up in variants(edition, received):
        for rule in edition.rules:
            facts = made_up(rule)
            yield from _rule_effects(edition, Event("command", "needed", facts.now), rule, facts)


def _rule_effects(edition: Edition, event: Event, rule: Rule, facts: Facts) -> Iterator[tuple[str, Effect]]:
    for call in rule.actions:
        try:
            step, result = plan_step(edition, event, rule, replace(call, when=None), facts, {})
        except PluginError:
            continue  # made-up facts prove nothing against a plugin
        if step.effect is not None:
            facts = facts.with_planned(step.effect)
            # An action that changes nothing anywhere never has anything to do, and sends nothing.
            if step.effect.nothing_to_do is None or not edition.actions[call.action].kinds:
                yield call.action, step.effect
        if call.result:
            facts = facts.with_roots({call.result: result})


def _sent(action: Action, effect: Effect) -> Iterator[str]:
    assumed = assumed_effect(effect)
    result: Value = assumed.result
    for start in (
        lambda: action.commands(assumed),
        lambda: action.verify(assumed, result),
        lambda: action.probe("needed", assumed),
        lambda: action.undo(assumed, result),
    ):
        # An undo or a probe may stumble over an answer made up for it; what it asked so far counts.
        with suppress(Exception):
            running = start()
            if running is not None:
                yield from _dry(running)


def _dry(running: Generator[Sequence[Command], Sequence[Answer], object]) -> Iterator[str]:
    answers: list[Answer] | None = None
    for _ in range(_MOST_TURNS):
        try:
            commands = next(running) if answers is None else running.send(answers)
        except StopIteration:
            return
        yield from (command.method for command in commands if not is_engine_method(command))
        answers = [Answer(command.id, command.assume) for command in commands]


def _roots(values: Iterable[object]) -> Iterator[str]:
    """Yield the first folder of every path whose first folder is fixed text."""
    for value in values:
        for inner in walk(value):
            if isinstance(inner, Path) and inner.segments:
                first = inner.segments[0]
                if isinstance(first.text, str) and not first.origin:
                    yield first.text
