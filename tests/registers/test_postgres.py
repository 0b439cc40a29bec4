"""The same registers on a Postgres server: the same rows, states, sums and doubts as in a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from engine.bench.postgres import NoPostgres, private_postgres
from engine.bench.registers import FILTERS, fill_state
from engine.language.values import Item, Money
from engine.registers.opening import open_registers
from engine.registers.query import Query
from engine.runtime.embedded import EmbeddedStore
from engine.runtime.snapshot import save_snapshot
from engine.runtime.store import Store
from tests.registers.register_case import NOW, workshop


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    try:
        with private_postgres() as found:
            yield found
    except NoPostgres as reason:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no Postgres here: {reason}")


def test_both_stores_answer_alike(address: str, tmp_path: Path) -> None:
    from engine.runtime.cluster import ClusterStore

    opened = workshop(tmp_path)
    stores: list[Store] = [EmbeddedStore(tmp_path / "s.db"), ClusterStore(address, tmp_path / "state")]
    try:
        offices = []
        for store in stores:
            fill_state(opened, store, NOW, 300)
            save_snapshot(
                store, Item("act", "9001"), {"number": "'; DROP TABLE event; --", "signed": True}, NOW
            )
            offices.append(open_registers(opened, store, lambda: NOW))
            offices[-1].refresh()
        for query in (*FILTERS.values(), Query("acts", where="signed", sort="-number", size=500)):
            embedded, cluster = (office.registers.select(query) for office in offices)
            assert embedded == cluster
        assert offices[1].registers.counts(Query("acts")) == offices[0].registers.counts(Query("acts"))
        changed = {"original_received_at": date(2026, 3, 2), "amount": Money(Decimal("0.01"), "RUB")}
        for store, office in zip(stores, offices, strict=True):
            save_snapshot(store, Item("act", "9001"), changed, NOW)
            assert office.refresh() == 1
        embedded, cluster = (
            office.registers.select(Query("acts", sort="amount", size=1)) for office in offices
        )
        assert embedded == cluster
        assert embedded.rows[0].item == Item("act", "9001")
    finally:
        for store in stores:
            store.close()
