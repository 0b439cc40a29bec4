"""`engine backfill RULE`: a rule over the items that are in its state already; the plan first, then the deed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import click

from engine.cli.asking import ask_engine, open_state
from engine.cli.mistakes import Mistake
from engine.cli.opening import Opening, pass_opening

if TYPE_CHECKING:
    from engine.decision.edition import Edition
    from engine.decision.printout import Printer
    from engine.language.expression import Expression
    from engine.language.rules import Rule
    from engine.runtime.backfill import Candidate, Survey
    from engine.runtime.store import Store
    from engine.workshop import Workshop

BROKEN = 1


@click.command("backfill")
@click.argument("name", metavar="RULE")
@click.option("--where", metavar="EXPR", default="", help="Only items that meet this condition.")
@click.option("--limit", metavar="N", type=click.IntRange(1), help="At most so many items.")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@pass_opening
def command(opening: Opening, name: str, where: str, limit: int | None, *, is_sure: bool) -> None:
    """Apply a rule to items that are in its state already: show the plan, ask, then do it.

    Planning reads the portal and changes nothing. Exit 1 for a rule or a condition with errors.
    """
    from engine.runtime.backfill import params_of

    workshop = opening.workshop()
    built = opening.build(workshop)
    if built.edition is None:
        sys.exit(BROKEN)
    rule = _find(built.edition, name)
    condition = _compile(opening, workshop, rule, where) if where else None
    with open_state(opening, asks=True) as store:
        chosen = _plan(opening, workshop, built.edition, rule, condition, limit, store)
        if not chosen:
            opening.say("backfill_none")
            return
        click.echo(opening.word("backfill_sum", count=str(len(chosen)), name=rule.id))
        if not is_sure:
            click.confirm(opening.word("backfill_sure"), abort=True)
        answer = ask_engine(opening, store, "backfill", params_of(built.edition, rule, chosen))
    if answer is not None:
        counts = {"count": str(answer["events"]), "waiting": str(answer["waiting"])}
        click.echo(opening.word("backfilled", **counts))


def _find(edition: Edition, name: str) -> Rule:
    """Return the rule of that id, or of that last part of it. Raises Mistake."""
    from engine.decision.backfill import is_reachable
    from engine.language.shape import nearest

    found = [rule for rule in edition.rules if name in (rule.id, rule.id.partition("/")[2])]
    if len(found) != 1:
        near = ", ".join(rule.id for rule in found) or nearest(name, edition.by_id)
        raise Mistake("no_rule_near" if near else "no_rule", name=name, near=near)
    if found[0].is_disabled:
        raise Mistake("backfill_disabled", 1, name=found[0].id)
    if not is_reachable(found[0]):
        raise Mistake("backfill_stateless", 1, name=found[0].id)
    return found[0]


def _compile(opening: Opening, workshop: Workshop, rule: Rule, text: str) -> Expression:
    """Return the condition, seen under the names that the rule's triggers reach; ends the command where it is wrong."""
    from engine.language.diagnostics import Span
    from engine.language.expression import Names, compile_expression
    from engine.language.loading.scope import find_reach, find_scope
    from engine.language.types import YES_NO

    world = workshop.settings.world
    reaches = [find_reach(trigger, world, {}) for trigger in rule.triggers]
    names = Names(world, find_scope(rule.triggers, reaches).roots)

    def place(start: int, end: int) -> Span:
        return Span("--where", 1, start + 1, 1, end + 1)

    expression, found = compile_expression(text, place, names, YES_NO)
    if expression is None:
        opening.report(found, {"--where": text.encode()})
        sys.exit(BROKEN)
    return expression


def _plan(
    opening: Opening,
    workshop: Workshop,
    edition: Edition,
    rule: Rule,
    where: Expression | None,
    limit: int | None,
    store: Store,
) -> list[Candidate]:
    """Print what would be done for each item, and what not; return the items for which something would be."""
    from engine.decision.printout import Printer
    from engine.portal.errors import PortalError

    printer = Printer(edition.actions, {}, opening.language, has_colour=sys.stdout.isatty())
    chosen: list[Candidate] = []
    shut: dict[str, int] = {}
    try:
        with _survey(opening, workshop, edition, rule, where) as survey:
            for candidate in survey.candidates():
                if _show(opening, printer, candidate, store, shut):
                    chosen.append(candidate)
                if limit is not None and len(chosen) >= limit:
                    opening.say("backfill_limit", count=str(limit))
                    break
    except PortalError as error:
        raise Mistake("portal_refused", 1, what=str(error)) from error
    for gate, count in shut.items():
        click.echo(opening.word("backfill_shut", count=str(count), what=gate))
    return chosen


@contextmanager
def _survey(
    opening: Opening, workshop: Workshop, edition: Edition, rule: Rule, where: Expression | None
) -> Iterator[Survey]:
    """Yield a survey of the portal through a connection of its own."""
    from engine.cli.portal_line import open_reader
    from engine.runtime.backfill import Survey

    with open_reader(opening, workshop) as (reader, gateway):
        now = datetime.now(workshop.settings.zone)
        yield Survey(gateway, workshop.setup.map, reader, edition, rule, now, where)


def _show(
    opening: Opening, printer: Printer, candidate: Candidate, store: Store, shut: dict[str, int]
) -> bool:
    """Print one item; True where the rule would do something for it that was not done before."""
    from engine.runtime.backfill import done_before

    facts, decision = candidate.facts, candidate.decision
    title = printer.called(candidate.item, facts)
    if not candidate.is_open:
        gate = candidate.verdict.closed_gate if candidate.verdict is not None else None
        reason = next((why for _, why in decision.undecided), "")
        if reason:
            click.echo(f"? {title}: {printer.word('unknown').format(what=reason)}")
        elif gate is not None:
            shut[gate.text] = shut.get(gate.text, 0) + 1
            if opening.is_verbose:
                click.echo(f"✗ {title}: {gate.text}")
        return False
    done = set(done_before(store, candidate))
    lines: Sequence[str] = [line for step in decision.plan for line in printer.step(step, facts)]
    work = [step for step in decision.plan if step.changes and str(step.key) not in done]
    click.echo(f"{'✓' if work else '·'} {title}")
    for line in lines:
        click.echo(line)
    for key in sorted(done):
        click.echo("     " + opening.word("backfill_done", name=key))
    return bool(work)
