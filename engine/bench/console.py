"""How fast the console's pages come: 20,000 acts in the registers, 100,000 runs in the journal, over HTTP.

Decides the work and the bound; the engine is the one that `engine serve` starts, before a portal that does not answer:
pages are made of the state alone. Each page is asked for as an integrator, its best of some rounds. Knows no command
line.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from engine.bench.registers import Figure, fill_state
from engine.runtime.accounts import INTEGRATOR
from engine.runtime.embedded import EmbeddedStore
from engine.runtime.logs import Log
from engine.runtime.service import Service
from engine.settings import Address, Settings
from engine.workshop import open_workshop

ACTS, RUNS = 20_000, 100_000
PAGE_SECONDS = 0.2
PAGES: Mapping[str, str] = {
    "acts": "/registers/acts",
    "acts, preset": "/registers/acts?preset=signed_unpaid",
    "acts, sorted by sum": "/registers/acts?sort=-amount",
    "acts, condition": '/registers/acts?where=amount > money(100000, "RUB") and contains(client.short_name, "7")',
    "acts, search": "/registers/acts?q=контора 77",
    "acts, page 200": "/registers/acts?page=200",
    "journal": "/journal",
    "journal, search": "/journal?q=а-2026/00017",
    "journal, search in vain": "/journal?q=ничего-такого",
    "journal, rule": "/journal?rule=acts/rule-3",
    "journal, nothing done": "/journal?show=idle",
    "journal, need a person": "/journal?show=trouble",
}
# Asked for by a page after it stands, in a large register: they have no bound.
PARTS: Mapping[str, str] = {"counts of presets": "/registers/acts/chips", "cards": "/registers/acts/cards"}
_NOBODY = "http://127.0.0.1:9/rest/1/bench/"
_WIDE = 4000


def measure(
    settings: Settings, folder: Path, log: Log, acts: int = ACTS, runs: int = RUNS, rounds: int = 3
) -> Iterator[Figure]:
    """Yield the figures of a made-up company whose state is put into `folder`."""
    file = folder / "engine.db"
    here = Address("127.0.0.1", 0)
    ours = replace(
        settings, webhook_url=_NOBODY, application_token="bench", state=str(file), public=here, console=here  # noqa: S106
    )  # fmt: skip
    workshop, _ = open_workshop(ours)
    store = EmbeddedStore(file)
    try:
        now = datetime.now(settings.zone)
        fill_state(workshop, store, now, acts)
        fill_journal(store, runs, now)
    finally:
        store.close()
    with (
        Service(ours, workshop, workshop.build(), log=log) as service,
        httpx.Client(
            base_url=service.console_url, timeout=60, trust_env=False, follow_redirects=True
        ) as client,
    ):
        client.get(f"/sign-in/{service.accounts.admit('Замер', INTEGRATOR)}")
        client.get("/registers/acts")
        for names, bound in ((PAGES, PAGE_SECONDS), (PARTS, None)):
            for name, path in names.items():
                yield Figure(name, _best(client, path, rounds if bound else 1), bound, "s")


def _best(client: httpx.Client, path: str, rounds: int) -> float:
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        client.get(path).raise_for_status()
        times.append(time.perf_counter() - begun)
    return min(times)


def fill_journal(store: EmbeddedStore, runs: int, now: datetime) -> None:
    """Put so many runs of a year, as wide as real ones, with a step for every second of them."""
    step = timedelta(days=365) / max(runs, 1)
    with store.transaction() as connection:
        connection.execute("INSERT INTO edition VALUES ('bench', ?)", (now.isoformat(),))
        for n in range(1, runs + 1):
            at = (now - step * (runs - n)).isoformat()
            item = f"deal/{n % 1000}"
            connection.execute(
                "INSERT INTO event (n, kind, name, item, lane, time, received, state, outcome, origin)"
                " VALUES (?, 'delivery', 'deal.updated', ?, ?, ?, ?, 'done', 'run', 'portal')",
                (n, item, item, at, at),
            )
            connection.execute(
                "INSERT INTO run (n, event, edition, item, event_wire, facts, form, status, started, ended, verdict_ru,"
                " verdict_en, title, changed, event_name, event_time, late, words)"
                " VALUES (?, ?, 'bench', ?, ?, ?, ?, 'done', ?, ?, 'Готово.', 'Done.', ?, ?, 'deal.updated', ?, 0, ?)",
                (
                    n, n, item, '{"o":{}}', json.dumps({"wide": "x" * (_WIDE // 2)}),
                    json.dumps({"event": {}, "rules": [], "plan": [], "wide": "x" * _WIDE}), at, at,
                    f"Сделка «Внедрение {n % 1000}»", '["stage"]', at,
                    f"{item} внедрение {n % 1000} акт а-2026/{n:06} ооо «контора {n % 400}» 77{n % 400:08}",
                ),
            )  # fmt: skip
            if n % 2:
                connection.execute(
                    "INSERT INTO step (run, number, rule, action, status, reason)"
                    " VALUES (?, 1, ?, 'notify', 'done', '')",
                    (n, f"acts/rule-{n % 10}"),
                )
