"""Planned faults of outgoing webhooks, as a real listener feels them."""

from __future__ import annotations

import time

import pytest

from engine.emulator.demo import set_receiver
from engine.emulator.faultfile import parse_faults


@pytest.fixture
def heard(portal, receiver, person):
    """Ten deals change in their order under a plan; what arrived, by deal."""
    set_receiver(portal, receiver.url)

    def changed(text, deals=range(1, 11)):
        plan = parse_faults(text)
        portal.use_faults(plan)
        receiver.posts.clear()
        for number in deals:
            person.update(2, number, {"title": f"Иначе {time.monotonic_ns()}"})
        assert portal.deliveries.settle(20)
        return [int(post["data[FIELDS][ID]"]) for post in receiver.posts], plan

    return changed


def fates(portal):
    return [
        (row["payload"]["FIELDS"]["ID"], row["fault"], row["status"]) for row in portal.store.rows("delivery")
    ]


def test_dropped_posts_never_arrive_and_are_on_record(heard, portal):
    got, plan = heard("posts: [{fault: dropped, event: ONCRMDEAL*, numbers: [2, 5]}]")
    assert got == [1, 3, 4, 6, 7, 8, 9, 10]
    assert plan.counts() == {"dropped": 2}
    assert [row for row in fates(portal) if row[1]] == [(2, "dropped", 0), (5, "dropped", 0)]
    assert len(fates(portal)) == 10


def test_doubled_posts_arrive_twice(heard, portal):
    got, plan = heard("posts: [{fault: doubled, times: 2}]")
    assert got == [1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert plan.counts() == {"doubled": 2}
    assert [row for row in fates(portal) if row[0] == 2] == [(2, "doubled", 200)] * 2


def test_the_second_of_a_doubled_post_may_come_later(heard):
    got, _ = heard("posts: [{fault: doubled, numbers: [1], seconds: 0.4}]")
    assert got == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1]


def test_a_reordered_post_comes_behind_later_ones(heard, portal):
    # Nothing is sent before all are queued: the order is the plan's, not that of the threads.
    portal.deliveries.delay = 0.3
    got, plan = heard("posts: [{fault: reordered, numbers: [2], behind: 3, seconds: 5}]")
    assert got == [1, 3, 4, 5, 2, 6, 7, 8, 9, 10]
    assert plan.counts() == {"reordered": 1}


def test_two_reordered_posts_pass_each_other(heard, portal):
    portal.deliveries.delay = 0.3
    got, _ = heard(
        "posts: [{fault: reordered, numbers: [1], behind: 2}, {fault: reordered, numbers: [2], behind: 1}]"
    )
    assert got == [3, 2, 4, 1, 5, 6, 7, 8, 9, 10]


def test_a_post_held_with_none_behind_is_not_lost(heard):
    begun = time.monotonic()
    got, _ = heard("posts: [{fault: reordered, numbers: [3], behind: 5, seconds: 0.3}]", deals=(1, 2, 3))
    assert got == [1, 2, 3]
    assert time.monotonic() - begun >= 0.3


def test_late_posts_hold_no_others_up(heard, portal):
    begun = time.monotonic()
    got, plan = heard("posts: [{fault: late, numbers: [1, 4], seconds: 0.4}]")
    assert got == [2, 3, 5, 6, 7, 8, 9, 10, 1, 4]
    assert time.monotonic() - begun >= 0.4
    assert plan.counts() == {"late": 2}


def test_probability_goes_by_the_seed(heard):
    text = "seed: {}\nposts: [{{fault: dropped, probability: 0.5}}]"
    first, again, other = (heard(text.format(seed))[0] for seed in (4, 4, 5))
    assert first == again != other
    assert 0 < len(first) < 10


def test_other_events_are_left_alone(heard):
    got, plan = heard("posts: [{fault: dropped, event: ONCRMDYNAMICITEM*, probability: 1}]")
    assert got == list(range(1, 11))
    assert plan.counts() == {"dropped": 0}


def test_the_whole_of_a_bad_day_is_accounted_for(heard, portal):
    got, plan = heard(
        """
seed: 11
posts:
  - {fault: dropped, probability: 0.1}
  - {fault: doubled, probability: 0.15}
  - {fault: reordered, probability: 0.2, behind: 2, seconds: 0.2}
  - {fault: late, probability: 0.2, seconds: 0.2}
""",
        deals=range(1, 61),
    )
    counts = plan.counts()
    assert min(counts.values()) > 0
    assert len(got) == 60 - counts["dropped"] + counts["doubled"]
    dropped = {row[0] for row in fates(portal) if row[1] == "dropped"}
    assert set(got) == set(range(1, 61)) - dropped
    assert got != sorted(got)


def test_closing_loses_what_is_still_held(portal, receiver, person):
    set_receiver(portal, receiver.url)
    portal.use_faults(parse_faults("posts: [{fault: late, times: 1, seconds: 60}]"))
    person.update(2, 1, {"title": "Иначе"})
    assert not portal.deliveries.settle(0.1)
    begun = time.monotonic()
    portal.deliveries.close()
    assert time.monotonic() - begun < 2
    assert receiver.posts == []
