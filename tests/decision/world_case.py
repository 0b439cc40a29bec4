"""The shipped company as decision tests see it: settings, plugins, an edition of any rules, facts."""

from dataclasses import replace
from datetime import datetime
from functools import cache

from engine.decision.event import Event
from engine.decision.facts import Facts
from engine.settings import environment, read_settings
from engine.workshop import Workshop, open_workshop, shipped_folder

NOON = datetime.fromisoformat("2026-03-16T12:00:00+03:00")


@cache
def settings():
    found, problems = read_settings(
        shipped_folder() / "config.example.yaml", environment(shipped_folder(), {}), is_example=True
    )
    assert found is not None, problems
    return found


@cache
def workshop() -> Workshop:
    return open_workshop(settings())[0]


def edition_of(tmp_path, **files: str):
    """Return the edition of rule files given as text, `name=text`; fails on any error in them."""
    folder = tmp_path / "regulations"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    shop = workshop()
    built = replace_folder(shop, folder).build()
    assert built.edition is not None, built.diagnostics
    return built.edition


def replace_folder(shop: Workshop, folder) -> Workshop:
    return Workshop(
        replace(shop.settings, regulations=folder), shop.host, shop.setup, shop.derivations, shop.calendar
    )


def facts_of(items, roots=None, now=NOON):
    shop = workshop()
    return Facts(shop.settings.world, shop.derivations, shop.calendar, now, items, roots or {})


def updated(item, before, **more):
    return Event(f"{item.entity}.updated", "e-1", NOON, item, before, **more)
