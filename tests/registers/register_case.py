"""What tests of registers share: the demo company read over HTTP into a state, and made-up states without a portal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine.language.values import Item, Value
from engine.registers.opening import Office, open_registers
from engine.runtime.baseline import missing_entities
from engine.runtime.embedded import EmbeddedStore
from engine.runtime.snapshot import save_snapshot
from engine.runtime.store import Store
from engine.settings import read_settings
from engine.workshop import Workshop, open_workshop
from tests.portal.portal_case import ZONE
from tests.runtime.service_case import ROOT, Live, running

NOW = datetime(2026, 3, 16, 9, 0, tzinfo=ZONE)
RULES = """\
ruleset: quiet
title: Ничего не делает
rules:
  - id: nothing
    title: Ничего не делает
    triggers:
      - filled: act.refusal
    conditions:
      - act.number == "нет такого"
    actions:
      - notify: {to: "${act.manager}", text: "нет"}
"""


@dataclass
class Read:
    """The demo company with its registers."""

    live: Live
    office: Office


@contextmanager
def demo(folder: Path, *, state: str = "") -> Iterator[Read]:
    """Start portal and engine by a clock that stands, and yield the registers once the engine has filled them."""
    with running(folder, RULES, state=state, clock=lambda: NOW) as live:
        office = open_registers(live.service.workshop, live.service.store, lambda: NOW)
        yield Read(live, office)


def workshop(folder: Path, extra: str = "") -> Workshop:
    """Return the example's workshop with more settings at its end."""
    config = folder / "config.yaml"
    config.write_text((ROOT / "config.example.yaml").read_text("utf-8") + extra, "utf-8")
    settings, found = read_settings(config, {})
    assert settings is not None, found
    opened, _ = open_workshop(settings)
    return opened


@contextmanager
def made_up(
    folder: Path, items: Mapping[str, Mapping[str, Value]], extra: str = ""
) -> Iterator[tuple[Office, Store]]:
    """Yield the registers of a state that holds these snapshots (`act/1`: its fields) and nothing else."""
    opened = workshop(folder, extra)
    store = EmbeddedStore(folder / "state" / "engine.db")
    try:
        with store.transaction() as connection:
            for name, fields in items.items():
                entity, _, id_ = name.partition("/")
                save_snapshot(store, Item(entity, id_), fields, NOW)
            for entity in missing_entities(store, opened.settings.world):
                connection.execute("INSERT INTO baseline VALUES (?, ?)", (entity, NOW.isoformat()))
        office = open_registers(opened, store, lambda: NOW)
        office.refresh()
        yield office, store
    finally:
        store.close()
