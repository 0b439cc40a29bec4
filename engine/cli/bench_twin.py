"""The emulated portal of the measurement, a process of its own, with its real limits; it counts what it is asked.

Stands here because only the command line may know the emulator; `engine.bench.portal` starts it by its name.
"""

from __future__ import annotations

from dataclasses import replace

from engine.bench.child import Answer, serve
from engine.bench.portal_work import DEALS, FIRST_DEAL, MANAGER, PLAN_FIELD, STORED_PLAN
from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.errors import RestError
from engine.emulator.limits import Bucket
from engine.emulator.portal import Portal
from engine.emulator.seed import Company
from engine.emulator.serve import PortalServer


class _Counting(Bucket):
    """The portal's own bucket, and how often it was asked and ran over."""

    def __init__(self) -> None:
        super().__init__()
        self.requests = self.refusals = 0

    def take(self, source: str) -> None:
        self.requests += 1
        try:
            super().take(source)
        except RestError:
            self.refusals += 1
            raise


def _company() -> Company:
    """Return the demo company with `DEALS` more deals, all alike."""
    demo = demo_company()
    deals = demo.items[2]
    more = tuple(
        {**deals[0], "id": FIRST_DEAL + number, "title": f"Сделка {number}", "assignedById": int(MANAGER)}
        for number in range(DEALS)
    )
    return replace(demo, items={**demo.items, 2: (*deals, *more)})


def _state(portal: Portal) -> Answer:
    rows = {int(str(row["id"])): row for row in portal.store.rows("item_2")}
    deals = range(FIRST_DEAL, FIRST_DEAL + DEALS)
    return {str(at): {PLAN_FIELD: rows[at][STORED_PLAN], "title": rows[at]["title"]} for at in deals}


def main() -> None:
    """Serve until the input ends."""
    bucket = _Counting()
    with open_portal(None, _company(), limits="real") as portal:
        portal.bucket = bucket
        with PortalServer(portal) as server:
            serve(
                {
                    "counts": lambda: {"requests": bucket.requests, "refusals": bucket.refusals},
                    "state": lambda: _state(portal),
                },
                {"webhook": server.webhook_url},
            )


if __name__ == "__main__":
    main()
