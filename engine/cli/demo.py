"""`engine demo`: the emulated portal, the engine and the console together; `--story` plays one and judges it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from engine.cli.contract_story import STORY as CONTRACTS
from engine.cli.office import STATEMENT, Office, open_office
from engine.cli.opening import Opening, pass_opening
from engine.cli.story import STORY as ACTS
from engine.cli.story import Story
from engine.cli.waiting import wait_for_stop
from engine.runtime.logs import open_log

PORTS = (8025, 8024, 8026, 8028)
FREE = (0, 0, 0, 0)
FAILED = 1
STORIES = {"acts": ACTS, "contracts": CONTRACTS}


@click.command("demo")
@click.option(
    "--story",
    is_flag=False,
    flag_value="acts",
    type=click.Choice(list(STORIES)),
    help="Play a story without a browser and check its end: acts (the ten events, by default) or contracts.",
)
@pass_opening
def command(opening: Opening, *, story: str | None) -> None:
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
            sys.exit(0 if play(office, opening.language, STORIES[story]) else FAILED)
        wait_for_stop(lambda: _welcome(office, opening.language, workshop.settings.regulations))


def play(office: Office, language: str, story: Story = ACTS) -> bool:
    """Play the story, print a verdict a step and every claim about the end; return whether all hold."""
    is_russian = language == "ru"
    office.settle()
    seen = office.service.journal.last_runs(1)
    last = seen[0].n if seen else 0
    for number, event in enumerate(story.events, start=1):
        click.echo(f"{number}. {event.ru if is_russian else event.en} [{event.shows}]")
        event.do(office)
        office.settle()
        for run in reversed(office.service.journal.last_runs(500)):
            if run.n <= last:
                continue
            last = run.n
            if str(run.item).startswith(story.only):
                click.echo(f"   {run.event} {run.item}: {run.verdict_ru if is_russian else run.verdict_en}")
    click.echo("")
    claims = list(story.end_state(office))
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
            "Начните с демо-портала: перетащите сделку на «Отчет отправлен», справа видно, что делает Регламент.",
            "Регламенты правьте на ходу. Ctrl-C — остановить.",
        ),
        "en": (
            "Demo portal",
            "Console",
            "Webhook endpoint",
            "Regulations",
            "Begin on the demo portal: drag a deal to «Отчет отправлен»; what Reglament does shows at the right.",
            "Edit the regulations while it runs. Ctrl-C stops.",
        ),
    }[language]
    rows = zip(
        words,
        (office.portal_url, office.entrance(), office.public_url + "/portal/events", regulations),
        strict=False,
    )
    for name, where in rows:
        click.echo(f"{name + ':':<18} {where}")
    folder = Path(office.service.settings.state).parent
    bank = "Выписка банка" if language == "ru" else "Bank statement"
    click.echo(f"{bank + ':':<18} cp {folder / STATEMENT} {folder / 'bank'}")
    click.echo("\n".join(words[4:]))
