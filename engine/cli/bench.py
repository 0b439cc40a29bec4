"""`engine bench decision`: the product measured on this machine."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from engine.cli.opening import EXAMPLE, Opening, pass_opening
from engine.cli.options import Options, shared_options

if TYPE_CHECKING:
    from engine.bench.decision import Measured

TOO_SLOW = 1


@click.group("bench")
@shared_options
@click.pass_context
def command(ctx: click.Context, given: Options) -> None:
    """Measure the product on this machine."""
    ctx.obj = given


@command.command("decision")
@click.option(
    "--rounds", type=click.IntRange(1, 100), default=3, show_default=True, help="Interleaved rounds."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--assert", "is_judged", is_flag=True, help="Exit 1 where a bound is broken.")
@pass_opening
def decision(opening: Opening, *, rounds: int, as_json: bool, is_judged: bool) -> None:
    """Load, reload and decide with 1,000 and 10,000 generated rules, over the shipped example map."""
    from engine.bench.decision import BOUNDS, MANY, measure
    from engine.workshop import shipped_folder

    example = Opening(Options(shipped_folder() / EXAMPLE, opening.language))
    opening.say("measuring", rules=str(MANY), rounds=str(rounds))
    measured = measure(example.settings(), rounds)
    if as_json:
        form = {"schema": "reglament/bench-decision/1", **asdict(measured), "bounds": BOUNDS}
        click.echo(json.dumps(form, indent=2))
    else:
        click.echo(_table(measured))
    broken = measured.broken_bounds()
    if broken:
        opening.say("too_slow", names=", ".join(broken))
        if is_judged:
            sys.exit(TOO_SLOW)


def _table(measured: Measured) -> str:
    from engine.bench.decision import BOUNDS, FEW, MANY

    rows = (
        (f"load {MANY:,} rules, s", f"{measured.load_seconds:.2f}", f"≤ {BOUNDS['load_seconds']}"),
        ("reload, one file edited, s", f"{measured.reload_seconds:.3f}", f"≤ {BOUNDS['reload_seconds']}"),
        (f"one event, {FEW:,} rules, µs", f"{measured.event_us_few:.0f}", ""),
        (f"one event, {MANY:,} rules, µs", f"{measured.event_us_many:.0f}", ""),
        ("ratio", f"{measured.ratio:.2f}", f"≤ {BOUNDS['ratio']}"),
    )
    return "\n".join(f"{name:<32}{value:>10}  {bound}".rstrip() for name, value, bound in rows)
