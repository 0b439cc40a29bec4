"""The optional strict set, switched on as its own header says, and the examples beside it.

`python -m tests.scans.strict_case` writes the plans anew after a wanted change.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

from engine.costs import simulation_costs
from engine.decision.edition import Edition
from engine.decision.event_file import read_event
from engine.decision.facts import Facts
from engine.decision.printout import Printer
from engine.decision.simulation import simulate
from engine.settings import read_settings
from engine.workshop import Workshop, open_workshop
from tests.regulations.golden import EVENT, EXAMPLES, PLAN, ROOT

STRICT = EXAMPLES / "strict-scans.yaml"
FOLDER = EXAMPLES / "strict-scans"


def switch_on(folder: Path) -> None:
    """Do what the header tells: three rules of the acts off, the strict set beside them; other sets stay out."""
    shutil.copytree(ROOT / "regulations" / "mail", folder / "mail")
    (folder / STRICT.name).write_bytes(STRICT.read_bytes())
    text = (ROOT / "regulations" / "acts.yaml").read_text("utf-8")
    for rule in ("store-signed-act", "scan-refused", "scan-replaced"):
        assert f"  - id: {rule}\n" in text
        text = text.replace(f"  - id: {rule}\n", f"  - id: {rule}\n    enabled: false\n")
    (folder / "acts.yaml").write_text(text, "utf-8")


@cache
def strict() -> tuple[Workshop, Edition]:
    """Return the strict regulations, built once. Fails where they have an error or a warning."""
    folder = Path(tempfile.mkdtemp()) / "regulations"
    switch_on(folder)
    settings, _ = read_settings(ROOT / "config.example.yaml", {}, is_example=True)
    assert settings is not None
    workshop, trouble = open_workshop(replace(settings, regulations=folder))
    built = workshop.build()
    found = [*trouble, *built.diagnostics]
    assert built.edition is not None, found
    assert not [one for one in found if one.severity != "note"], [(str(one.span), one.code) for one in found]
    return workshop, built.edition


def names() -> list[str]:
    """Return the names of the examples, sorted."""
    return sorted(file.name.removesuffix(EVENT) for file in FOLDER.glob(f"*{EVENT}"))


def printed_plan(name: str) -> str:
    """Return what the simulation prints for an example; nothing of this machine is in it."""
    workshop, edition = strict()
    settings = workshop.settings
    content = (FOLDER / f"{name}{EVENT}").read_bytes()
    given = read_event(f"{name}{EVENT}", content, settings.world, settings.zone, workshop.host.received)
    assert given.event is not None, given.diagnostics
    assert not given.diagnostics, given.diagnostics
    at = given.event.time
    facts = Facts(settings.world, workshop.derivations, workshop.calendar, at, given.items, given.roots)
    simulation = simulate(edition, given.event, facts)
    text = Printer(edition.actions, simulation_costs(simulation, edition.actions), "ru").print(
        simulation, edition.hash
    )
    # The edition's places are told from the config's folder, which is not theirs here.
    return re.sub(r"\S*/?regulations/(?=[\w-]+\.yaml)", "regulations/", text)


def plan_file(name: str) -> Path:
    """Return where the printed plan of an example lies."""
    return FOLDER / f"{name}{PLAN}"


if __name__ == "__main__":
    for one in names():
        plan_file(one).write_text(printed_plan(one), "utf-8", newline="\n")
