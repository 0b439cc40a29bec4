"""Moves of our own: the snapshot knows when the portal made them, so that the history does not tell them as news."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.language.values import Item
from tests.runtime.service_case import DEAL, Live, running
from tests.runtime.test_stage_history import BACKWARD

pytestmark = pytest.mark.timeout(60)
DEAL_118 = Item("deal", "118")


def ring(live: Live) -> None:
    """The engine reads the deal, as after a webhook."""
    live.service.inbox.ring(DEAL_118, "updated", live.portal.clock.now())
    live.settle()


def test_the_snapshot_keeps_the_time_of_a_move_of_our_own(tmp_path: Path) -> None:
    with running(tmp_path, BACKWARD, subscribed=False) as live:
        live.person.move(DEAL, 118, "C4:UC_REPORT")
        live.portal.clock.advance(timedelta(seconds=5))
        ring(live)
        assert live.person.get(DEAL, 118)["stageId"] == "C4:UC_DOCS"
        row = live.service.store.row("SELECT moved FROM snapshot WHERE item = 'deal/118'")
        assert row is not None
        moved = datetime.fromisoformat(str(live.person.get(DEAL, 118)["movedTime"]))
        assert datetime.fromisoformat(row["moved"]) == moved


def test_a_stage_entered_in_the_second_of_our_last_move_is_met_once(tmp_path: Path) -> None:
    with running(tmp_path, BACKWARD, subscribed=False) as live:
        live.person.move(DEAL, 118, "C4:UC_REPORT")
        live.portal.clock.advance(timedelta(seconds=5))
        ring(live)
        ring(live)
        # The portal's times are whole seconds: our move and the person's next one bear the same.
        live.portal.clock.set(datetime.fromisoformat(str(live.person.get(DEAL, 118)["movedTime"])))
        live.person.move(DEAL, 118, "C4:UC_REPORT")
        live.portal.clock.advance(timedelta(seconds=5))
        ring(live)
        before = [run.event for run in live.runs()]
        ring(live)
        assert [run.event for run in live.runs()] == before
        assert live.person.get(DEAL, 118)["stageId"] == "C4:UC_DOCS"
