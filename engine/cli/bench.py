"""`engine bench`: the product measured on this machine; `bench_runtime.py` and `bench_portal.py` hold the rest."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from engine.cli import bench_console, bench_portal, bench_registers, bench_runtime
from engine.cli.mistakes import Mistake
from engine.cli.opening import EXAMPLE, Opening, pass_opening
from engine.cli.options import Options, shared_options

if TYPE_CHECKING:
    from engine.bench.decision import Measured
    from engine.bench.race import Race
    from engine.settings import Settings

TOO_SLOW = 1


@click.group("bench")
@shared_options
@click.pass_context
def command(ctx: click.Context, given: Options) -> None:
    """Measure the product on this machine."""
    ctx.obj = given


command.add_command(bench_runtime.command)
command.add_command(bench_portal.command)
command.add_command(bench_registers.command)
command.add_command(bench_console.command)


@command.command("decision")
@click.option(
    "--rounds", type=click.IntRange(1, 100), default=5, show_default=True, help="Interleaved rounds."
)
@click.option("--peers", "with_peers", is_flag=True, help="Race zen-engine, clipspy and datalogic-py too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--assert", "is_judged", is_flag=True, help="Exit 1 where a bound is broken.")
@pass_opening
def decision(opening: Opening, *, rounds: int, with_peers: bool, as_json: bool, is_judged: bool) -> None:
    """Load, reload and decide with 1,000 and 10,000 generated rules, over the shipped example map."""
    from engine.bench.decision import BOUNDS, MANY, measure
    from engine.workshop import shipped_folder

    settings = Opening(Options(shipped_folder() / EXAMPLE, opening.language)).settings()
    if with_peers:
        _require_peers()
    opening.say("measuring", rules=str(MANY), rounds=str(rounds))
    measured = measure(settings, rounds)
    raced = _race(opening, settings, rounds) if with_peers else None
    if as_json:
        form = {"schema": "reglament/bench-decision/1", **asdict(measured), "bounds": BOUNDS}
        click.echo(json.dumps(form | ({"peers": _race_form(raced)} if raced else {}), indent=2))
    else:
        click.echo(_table(measured) + ("\n\n" + _race_table(raced) if raced else ""))
    broken = [*measured.broken_bounds(), *(raced.broken_bounds() if raced else ())]
    if broken:
        opening.say("too_slow", names=", ".join(broken))
        if is_judged:
            sys.exit(TOO_SLOW)


def _require_peers() -> None:
    from engine.bench.race import missing_modules

    missing = missing_modules()
    if missing:
        raise Mistake("no_peers", names=", ".join(missing))


def _race(opening: Opening, settings: Settings, rounds: int) -> Race:
    from engine.bench.race import SIZES, race

    opening.say("racing", rules=str(SIZES[-1]), rounds=str(rounds))
    return race(settings, rounds)


def _race_form(raced: Race) -> dict[str, object]:
    from engine.bench.race import BOUNDS

    return {**asdict(raced), "bounds": BOUNDS}


def _race_table(raced: Race) -> str:
    from engine.bench.race import BOUNDS, REGIMES

    ours = {lap.count: lap for lap in raced.laps if lap.engine == raced.laps[0].engine}
    lines = [f"{'one event, µs':<16}{'rules':>8}" + "".join(f"{name:>10}{'to ours':>9}" for name in REGIMES)]
    for lap in raced.laps:
        figures = "".join(
            f"{spent:>10,.0f}{f'×{spent / ours[lap.count].microseconds[name]:.1f}':>9}"
            for name, spent in lap.microseconds.items()
        )
        lines.append(f"{lap.engine:<16}{lap.count:>8,}{figures}")
    judged = (
        ("best peer to ours, few fire", raced.times_few, f"≥ {BOUNDS['times_few']}"),
        ("best peer to ours, 1 % fire", raced.times_1_percent, f"≥ {BOUNDS['times_1_percent']}"),
        ("ours, fewest to most rules, few", raced.growth_few, f"≤ {BOUNDS['growth_few']}"),
    )
    return "\n".join(
        [*lines, *(f"{name:<32}{f'×{value:.2f}':>10}  {bound}" for name, value, bound in judged)]
    )


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
