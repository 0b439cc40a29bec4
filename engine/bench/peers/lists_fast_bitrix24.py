"""fast-bitrix24: the same writes, as a script does them that knows all events beforehand.

In the library's best shape: one list of calls a method, so that it fills its batches by itself. It reads each event's
deal once; it looks for nothing else, decides nothing, keeps no record and reads nothing back.
"""

from __future__ import annotations

import logging
import sys
import time

from fast_bitrix24 import Bitrix

from engine.bench.child import Answer, serve
from engine.bench.portal_work import MANAGER, PLAN_FIELD, asked


class Lists:
    """The portal behind `webhook`."""

    def __init__(self, webhook: str) -> None:
        logging.getLogger("fast_bitrix24").setLevel(logging.ERROR)
        self._bitrix = Bitrix(webhook, verbose=False)

    def run(self, count: int) -> Answer:
        """Do what `count` events ask for; return the seconds it took."""
        events = asked(count)
        begun = time.perf_counter()
        self._bitrix.call("crm.item.get", [{"entityTypeId": 2, "id": one.deal} for one in events], raw=False)
        for kind, field in (("plan", PLAN_FIELD), ("title", "title")):
            self._bitrix.call(
                "crm.item.update",
                [
                    {"entityTypeId": 2, "id": one.deal, "fields": {field: one.note}}
                    for one in events
                    if one.kind == kind
                ],
            )
        self._bitrix.call(
            "im.notify.system.add",
            [
                {"USER_ID": int(MANAGER), "MESSAGE": one.note, "TAG": f"{one.kind}|{one.deal}|{at}"}
                for at, one in enumerate(events)
                if one.kind != "title"
            ],
        )
        return {"seconds": time.perf_counter() - begun}


def main(webhook: str) -> None:
    """Work until the input ends."""
    serve({"run": Lists(webhook).run})


if __name__ == "__main__":
    main(*sys.argv[1:])
