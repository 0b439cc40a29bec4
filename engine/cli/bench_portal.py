"""`engine bench portal`: a backlog on a portal with its real limits, beside other ways to write the same."""

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
    from engine.bench.portal import Measured

TOO_SLOW = 1


@click.command("portal")
@click.option(
    "--events", type=click.IntRange(3, 100_000), default=1000, show_default=True, help="The backlog."
)
@click.option(
    "--lanes", type=click.IntRange(1, 1000), help="Deals side by side; the engine's default if not given."
)
@click.option("--own", "is_own", is_flag=True, help="Without the peer of the extra bench.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--assert", "is_judged", is_flag=True, help="Exit 1 where a bound is broken.")
@pass_opening
def command(
    opening: Opening, *, events: int, lanes: int | None, is_own: bool, as_json: bool, is_judged: bool
) -> None:
    """A backlog of events about 250 deals: how much of the portal's limit is used, and how well.

    The emulated portal keeps to the real limits (50 requests at once, then 2 a second) and nothing is sped up: 1,000
    events take a few minutes.
    """
    from engine.bench.portal import measure, missing_modules

    # Ended from outside, the processes it has started must end too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    missing = [] if is_own else missing_modules()
    if missing:
        raise Mistake("no_peers", names=", ".join(missing))
    try:
        measured = measure(
            events, lanes, is_own=is_own, say=lambda number: opening.say("round", number=number)
        )
    except OSError as error:
        raise Mistake("bench_failed", FAILED, reason=str(error)) from error
    if as_json:
        from engine.bench.portal import BOUNDS

        form = {"schema": "reglament/bench-portal/1", **asdict(measured), "bounds": dict(BOUNDS)}
        click.echo(json.dumps(form, indent=2))
    else:
        click.echo(_table(measured))
    broken = measured.broken_bounds()
    if broken:
        opening.say("too_slow", names=", ".join(broken))
        if is_judged:
            sys.exit(TOO_SLOW)


def _table(measured: Measured) -> str:
    from engine.bench.portal import BOUNDS

    lines = [f"{'events':<44}{measured.events:>10,}", f"{'lanes':<44}{measured.lanes:>10,}"]
    for name, figure in measured.figures.items():
        bound = f"  ≥ {BOUNDS[name]:g}" if name in BOUNDS else ""
        lines.append(f"{name:<44}{figure:>10,.2f}{bound}")
    lines += [f"{name:<44}{count:>10,}  = 0" for name, count in measured.faults.items()]
    return "\n".join(lines)
