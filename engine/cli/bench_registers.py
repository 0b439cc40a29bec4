"""`engine bench registers`: how fast 20,000 acts are filtered, summed and exported."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from engine.cli.opening import EXAMPLE, Opening, pass_opening
from engine.cli.options import Options

TOO_SLOW = 1


@click.command("registers")
@click.option(
    "--acts", type=click.IntRange(100, 1_000_000), default=20_000, show_default=True, help="How many acts."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--assert", "is_judged", is_flag=True, help="Exit 1 where a bound is broken.")
@pass_opening
def command(opening: Opening, *, acts: int, as_json: bool, is_judged: bool) -> None:
    """Filter, search, sort, sum and export a made-up company's acts in a file of its own; half a minute."""
    from engine.bench.registers import measure
    from engine.runtime.embedded import EmbeddedStore
    from engine.workshop import open_workshop, shipped_folder

    settings = Opening(Options(shipped_folder() / EXAMPLE, opening.language)).settings()
    workshop, _ = open_workshop(settings)
    figures = []
    with tempfile.TemporaryDirectory(prefix="reglament-bench-") as folder:
        store = EmbeddedStore(Path(folder) / "engine.db")
        try:
            for one in measure(workshop, store, Path(folder), datetime.now(settings.zone), acts):
                figures.append(one)
                if not as_json:
                    bound = "" if one.bound is None else f"  ≤ {one.bound:g}"
                    click.echo(f"{one.name + ', ' + one.unit:<28}{one.value:>10.3f}{bound}")
        finally:
            store.close()
    if as_json:
        form = {
            "schema": "reglament/bench-registers/1",
            "acts": acts,
            "figures": [asdict(one) for one in figures],
        }
        click.echo(json.dumps(form, indent=2))
    broken = [one.name for one in figures if not one.is_met]
    if broken:
        opening.say("too_slow", names=", ".join(broken))
        if is_judged:
            sys.exit(TOO_SLOW)
