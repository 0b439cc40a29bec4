"""`engine bench console`: how fast the console's pages come among 20,000 acts and 100,000 runs."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import click

from engine.cli.opening import EXAMPLE, Opening, pass_opening
from engine.cli.options import Options

TOO_SLOW = 1


@click.command("console")
@click.option(
    "--acts", type=click.IntRange(100, 1_000_000), default=20_000, show_default=True, help="How many acts."
)
@click.option(
    "--runs", type=click.IntRange(100, 1_000_000), default=100_000, show_default=True, help="How many runs."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--assert", "is_judged", is_flag=True, help="Exit 1 where a bound is broken.")
@pass_opening
def command(opening: Opening, *, acts: int, runs: int, as_json: bool, is_judged: bool) -> None:
    """Ask a running engine for the pages of a made-up company, in a folder of its own; half a minute."""
    from engine.bench.console import measure
    from engine.runtime.logs import open_log
    from engine.workshop import shipped_folder

    settings = Opening(Options(shipped_folder() / EXAMPLE, opening.language)).settings()
    figures = []
    with (
        tempfile.TemporaryDirectory(prefix="reglament-bench-") as folder,
        (Path(folder) / "log").open("w") as out,
    ):
        for one in measure(settings, Path(folder), open_log(out), acts, runs):
            figures.append(one)
            if not as_json:
                bound = "" if one.bound is None else f"  ≤ {one.bound:g}"
                click.echo(f"{one.name + ', ' + one.unit:<28}{one.value:>10.3f}{bound}")
    if as_json:
        form = {
            "schema": "reglament/bench-console/1",
            "acts": acts,
            "runs": runs,
            "figures": [asdict(one) for one in figures],
        }
        click.echo(json.dumps(form, indent=2))
    broken = [one.name for one in figures if not one.is_met]
    if broken:
        opening.say("too_slow", names=", ".join(broken))
        if is_judged:
            sys.exit(TOO_SLOW)
