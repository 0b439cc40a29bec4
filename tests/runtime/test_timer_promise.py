"""Whatever happens to an act, its deal, the regulation and the engine: a reminder is neither lost nor doubled."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.decision.deadlines import due_time
from engine.language.values import Duration
from tests.portal.portal_case import ZONE
from tests.runtime.timer_case import ACT, DEAL, FRIDAY, Office, edition_of, rules

FIVE, THREE = rules("5 workdays"), rules("3 workdays")
SINCES = [FRIDAY, FRIDAY + timedelta(days=2), FRIDAY + timedelta(days=9), None]
TEXTS = {"five": FIVE, "three": THREE, "none": rules(), "off": rules("5 workdays", more="    enabled: false")}
EDITIONS = {name: edition_of(text) for name, text in TEXTS.items()}
DELAYS = {"five": 5, "three": 3}
STEPS = st.one_of(
    st.tuples(st.just("since"), st.sampled_from(SINCES)),
    st.tuples(st.just("signed"), st.booleans()),
    st.tuples(st.just("stage"), st.sampled_from(["lost", "in_work"])),
    st.tuples(st.just("unseen"), st.booleans()),
    st.tuples(st.just("reload"), st.sampled_from(sorted(TEXTS))),
    st.tuples(st.just("restart"), st.none()),
    st.tuples(st.just("days"), st.integers(1, 12)),
)


class Promise:
    """What was promised for the act: told apart from the engine's way of keeping it."""

    def __init__(self, here: Office) -> None:
        self.here, self.rule = here, "five"
        self.done: set[datetime] = set()
        self.fired: list[datetime] = []

    def due(self) -> bool:
        """Whether the present origin has run out under the rule in force."""
        since = self.here.items[ACT]["sent_at"]
        if self.rule not in DELAYS or not isinstance(since, datetime):
            return False
        at = due_time(since, Duration(DELAYS[self.rule], "workdays"), self.here.edition.calendar, ZONE)
        return at is not None and at <= self.here.clock()

    def holds(self) -> bool:
        return not self.here.items[ACT]["signed"] and self.here.items[DEAL]["stage"] != "lost"

    def check(self, *, is_told: bool = True) -> None:
        since = self.here.items[ACT]["sent_at"]
        for event in self.here.fired():
            assert isinstance(since, datetime)
            assert event.id.endswith(since.astimezone(type(ZONE)("UTC")).isoformat())
            assert since not in self.fired
            self.fired.append(since)
            self.done.add(since)
            assert self.here.does(event) == self.holds()
            # Only a change that nobody told the engine of may make it fire for nothing.
            assert self.holds() or not is_told
        if is_told and self.due() and self.holds():
            assert since in self.done

    def carry_out(self, kind: str, value: object) -> None:
        here = self.here
        if kind == "since":
            assert value is None or isinstance(value, datetime)
            here.happen(ACT, sent_at=value)
        elif kind == "signed":
            here.happen(ACT, signed=bool(value))
        elif kind == "stage":
            here.happen(DEAL, stage=str(value))
        elif kind == "unseen":
            here.items[ACT]["signed"] = bool(value)
            self.check(is_told=False)
            here.happen(ACT)
        elif kind == "reload":
            was, self.rule = self.rule, str(value)
            here.edition = EDITIONS[self.rule]
            since = here.items[ACT]["sent_at"]
            if was not in DELAYS and self.due() and isinstance(since, datetime):
                self.done.add(since)  # it ran out before this rule came into force
            here.timers.rearm(here.edition)
        elif kind == "restart":
            here.restart()
        else:
            assert isinstance(value, int)
            here.clock.push(days=value)


@example(steps=[("signed", True), ("reload", "three"), ("days", 12), ("signed", False)])
@example(steps=[("days", 12), ("since", None), ("since", FRIDAY)])
@example(steps=[("reload", "none"), ("signed", True), ("reload", "three"), ("days", 12), ("signed", False)])
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=14))
def test_whatever_happens_it_is_neither_lost_nor_doubled(
    steps: list[tuple[str, object]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    here = Office(tmp_path_factory.mktemp("office"), EDITIONS["five"])
    promise = Promise(here)
    here.happen(ACT, sent_at=FRIDAY)
    for kind, value in steps:
        promise.carry_out(kind, value)
        promise.check()
    here.store.close()
