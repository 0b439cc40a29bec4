"""`engine bench runtime`: acknowledgements and durable runs, beside others doing the same work."""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from engine.cli.mistakes import FAILED, Mistake
from engine.cli.opening import Opening, pass_opening

if TYPE_CHECKING:
    from engine.bench.runtime import Measured

TOO_SLOW = 1


@click.command("runtime")
@click.option(
    "--rounds",
    type=click.IntRange(1, 100),
    default=5,
    show_default=True,
    help="Rounds; each side has its turn.",
)
@click.option("--own", "is_own", is_flag=True, help="Without the peers of the extra bench.")
@click.option(
    "--quick", "is_quick", is_flag=True, help="So little work that only the way of measuring is tried."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--assert", "is_judged", is_flag=True, help="Exit 1 where a bound is broken.")
@pass_opening
def command(
    opening: Opening, *, rounds: int, is_own: bool, is_quick: bool, as_json: bool, is_judged: bool
) -> None:
    """Acknowledged events, and durable runs on SQLite and on Postgres with 1, 2 and 4 processes.

    Everything is started in a temporary folder and is gone afterwards: the engines, a portal, a Postgres of our own.
    """
    from engine.bench.runtime import BOUNDS, QUICK, Amount, measure, missing_modules

    # Ended from outside, the processes it has started must end too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    missing = [] if is_own else missing_modules()
    if missing:
        raise Mistake("no_peers", names=", ".join(missing))
    try:
        measured = measure(
            rounds, is_own=is_own, amount=QUICK if is_quick else Amount(),
            say=lambda number: opening.say("round", number=number),
        )  # fmt: skip
    except OSError as error:
        raise Mistake("bench_failed", FAILED, reason=str(error)) from error
    if as_json:
        form = {"schema": "reglament/bench-runtime/1", **asdict(measured), "bounds": dict(BOUNDS)}
        click.echo(json.dumps(form, indent=2))
    else:
        click.echo(_table(measured))
    for what in measured.missing:
        opening.say("left_out", what=what)
    broken = measured.broken_bounds()
    if broken:
        opening.say("too_slow", names=", ".join(broken))
        if is_judged:
            sys.exit(TOO_SLOW)


def _table(measured: Measured) -> str:
    from engine.bench.runtime import BOUNDS

    lines = [f"{name:<32}{figure:>10,.1f}" for name, figure in measured.figures.items()]
    lines.append("")
    for name, ratio in measured.ratios.items():
        bound = f"  ≥ {BOUNDS[name]:g}" if name in BOUNDS else ""
        lines.append(f"{name:<32}{ratio:>10.2f}{bound}")
    return "\n".join(lines)
