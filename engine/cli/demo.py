"""`engine demo`: the emulated portal, the engine and the console together; `--story` plays ten events and judges."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from engine.cli.office import Office, open_office
from engine.cli.opening import Opening, pass_opening
from engine.cli.story import EVENTS, end_state
from engine.cli.waiting import wait_for_stop
from engine.runtime.logs import open_log

PORTS = (8025, 8024, 8026, 8028)
FREE = (0, 0, 0, 0)
FAILED = 1


@click.command("demo")
@click.option("--story", is_flag=True, help="Play the ten-event story without a browser and check its end.")
@pass_opening
def command(opening: Opening, *, story: bool) -> None:
    """Start the emulated portal with the demo company, the engine and the console; Ctrl-C stops all.

    With --story: one verdict a step, exit 0 only if every state at the end is right.
    """
    workshop = opening.workshop(allow_example=True)
    built = opening.build(workshop)
    if built.edition is None:
        sys.exit(FAILED)
    with (
        tempfile.TemporaryDirectory(prefix="reglament-demo-") as folder,
        (Path(folder) / "engine.log").open("w", encoding="utf-8") as log,
        open_office(
            workshop.settings,
            Path(folder),
            ports=FREE if story else PORTS,
            log=open_log(log if story else None),
        ) as office,
    ):
        if story:
            sys.exit(0 if play(office, opening.language) else FAILED)
        wait_for_stop(lambda: _welcome(office, opening.language, workshop.settings.regulations))


def play(office: Office, language: str) -> bool:
    """Play the story, print a verdict a step and every claim about the end; return whether all hold."""
    is_russian = language == "ru"
    office.settle()
    seen = office.service.journal.last_runs(1)
    last = seen[0].n if seen else 0
    for number, event in enumerate(EVENTS, start=1):
        click.echo(f"{number}. {event.ru if is_russian else event.en} [{event.shows}]")
        event.do(office)
        office.settle()
        for run in reversed(office.service.journal.last_runs()):
            if run.n > last:
                last = run.n
                click.echo(f"   {run.event} {run.item}: {run.verdict_ru if is_russian else run.verdict_en}")
    click.echo("")
    claims = list(end_state(office))
    for claim in claims:
        click.echo(f"{'✓' if claim.holds else '✗'} {claim.ru if is_russian else claim.en}")
    wrong = sum(not claim.holds for claim in claims)
    if is_russian:
        click.echo(f"Итог: {len(claims) - wrong} из {len(claims)} верно.")
    else:
        click.echo(f"Verdict: {len(claims) - wrong} of {len(claims)} hold.")
    return wrong == 0


def _welcome(office: Office, language: str, regulations: Path) -> None:
    words = {
        "ru": (
            "Демо-портал",
            "Консоль",
            "Приём событий",
            "Регламенты",
            "Правьте их на ходу. Ctrl-C — остановить.",
        ),
        "en": (
            "Demo portal",
            "Console",
            "Webhook endpoint",
            "Regulations",
            "Edit them while it runs. Ctrl-C stops.",
        ),
    }[language]
    rows = zip(
        words,
        (office.portal_url, office.console_url, office.public_url + "/portal/events", regulations),
        strict=False,
    )
    for name, where in rows:
        click.echo(f"{name + ':':<18} {where}")
    click.echo(words[-1])
