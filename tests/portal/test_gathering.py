"""Commands of many threads in few requests: each sent once, answered to whom it belongs, failing for itself alone."""

from __future__ import annotations

import threading
import time

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.action import Answer, Command, Ref
from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.serve import PortalServer
from engine.portal.client import PortalClient
from engine.portal.errors import PortalError
from engine.portal.gateway import BACKGROUND, Gateway, Outcome
from engine.portal.pace import Pace
from engine.portal.resting import MOST_SECONDS, Rests
from tests.portal.gathering_case import READ, WRITE, Echo, command, in_threads, open_gateway, result
from tests.portal.twin_case import NoFiles, no_engine

# One step: for each of its commands whether it writes, is refused, is built on the one before it, goes alone.
STEP = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=9)
LANES = st.lists(st.lists(STEP, min_size=1, max_size=4), min_size=1, max_size=14)


@settings(max_examples=60, deadline=None)
@given(LANES, st.sampled_from([0.0, 0.001]))
def test_every_command_goes_once_in_its_lanes_order_and_gets_its_own_answer(lanes, delay):
    echo = Echo(delay=delay)
    steps = [
        [_step(echo, f"{lane}.{at}", kinds) for at, kinds in enumerate(given)]
        for lane, given in enumerate(lanes)
    ]
    fates: dict[str, Outcome] = {}
    gateway = open_gateway(echo, Pace(10**6))

    def work(mine: list) -> None:
        metered = gateway.metered()
        for one in mine:
            fates.update(zip((each.id for each in one), metered.outcomes(one), strict=True))

    in_threads([lambda mine=mine: work(mine) for mine in steps])
    assert max(map(len, echo.requests)) <= 50
    assert len(echo.tags) == len(set(echo.tags)), "nothing is sent twice"
    for mine in steps:
        tags = [one.id for step in mine for one in step]
        sent = [tag for tag in echo.tags if tag in set(tags)]
        assert sent == [tag for tag in tags if tag in set(sent)], "no lane's order is broken"
        for one in (one for step in mine for one in step):
            _check(one, fates[one.id], echo)
    spent = gateway.client.spending.now()
    assert sum(one.requests for one in spent.by_rule.values()) == pytest.approx(len(echo.requests))
    assert sum(one.reads + one.writes for one in spent.by_rule.values()) == len(echo.tags)


def _step(echo: Echo, name: str, kinds: list) -> list:
    commands = []
    for at, (writes, is_refused, is_built, is_alone) in enumerate(kinds):
        tag = f"{name}.{at}"
        of = f"{name}.{at - 1}" if is_built and at else ""
        commands.append(command(tag, WRITE if writes else READ, of=of, is_alone=is_alone))
        if is_refused:
            echo.refused.add(tag)
    return commands


def _check(one, outcome: Outcome, echo: Echo) -> None:
    if one.id in echo.refused:
        assert isinstance(outcome, PortalError)
        assert outcome.code in ("REFUSED", "NOT_SENT")
        assert one.id in echo.tags or outcome.code == "NOT_SENT"
    elif one.id not in echo.tags:
        assert isinstance(outcome, PortalError)
        assert outcome.code == "NOT_SENT", "only what needs a refused answer stays here"
    else:
        assert result(outcome)["tag"] == one.id
        ref = one.params.get("of")
        of = ref.command if isinstance(ref, Ref) else ""
        assert result(outcome)["of"] == ("" if of in echo.refused else of), "a chain meets its own answers"


def test_threads_share_requests():
    echo = Echo()
    gateway = open_gateway(echo, _Gate())
    _together(
        gateway, [lambda n=n: gateway.send([command(f"{n}.{at}") for at in range(5)]) for n in range(40)]
    )
    assert sorted(echo.tags) == sorted(f"{n}.{at}" for n in range(40) for at in range(5))
    assert [len(tags) for tags in echo.requests] == [50, 50, 50, 50]


def test_a_lost_batch_is_unknown_for_its_writes_only_and_nothing_of_it_goes_twice():
    echo = Echo(lose=lambda tags: "lost" in tags)
    gateway = open_gateway(echo, _Gate())
    fates: dict[str, Outcome] = {}

    def work(tag: str, method: str) -> None:
        fates[tag] = gateway.metered().outcomes([command(tag, method)])[0]

    _together(
        gateway, [lambda: work("lost", WRITE), lambda: work("write", WRITE), lambda: work("read", READ)]
    )
    assert [sorted(tags) for tags in echo.requests] == [["lost", "read", "write"]]
    retries = {tag: fate.retry for tag, fate in fates.items() if isinstance(fate, PortalError)}
    assert retries == {"lost": "unknown", "write": "unknown", "read": "later"}


def test_acts_go_before_what_has_patience_and_patience_ends():
    echo = Echo()
    gate = _Gate()
    gateway = open_gateway(echo, gate)
    later = gateway.metered(BACKGROUND)
    works = [lambda n=n: later.send([command(f"sweep.{n}")]) for n in range(60)]
    works += [lambda n=n: gateway.send([command(f"act.{n}")]) for n in range(45)]
    _together(gateway, works)
    assert sum(tag.startswith("act") for tag in echo.requests[0]) == 45
    assert len(echo.tags) == 105


class _Gate(Pace):
    """A bucket that is full until the test opens it."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        super().__init__(1, 1000.0, sleep=lambda _: self.opened.wait())
        self._level = 1000.0


def _together(gateway: Gateway, works: list) -> None:
    """Let all of `works` wait for the portal, then open the gate."""
    gate = gateway.client.pace
    assert isinstance(gate, _Gate)

    def open_when_all_wait() -> None:
        deadline = time.monotonic() + 10
        while gateway.gathering.waiting() < len(works) and time.monotonic() < deadline:
            time.sleep(0.005)
        gate.opened.set()

    in_threads([*works, open_when_all_wait])


def test_nobody_waits_any_more_once_it_is_stopped():
    echo = Echo()
    gateway = open_gateway(echo, Pace(1, 0.01))
    gateway.send([command("first")])
    fates: list[Outcome] = []

    def stop() -> None:
        time.sleep(0.3)
        gateway.gathering.stop()

    begun = time.monotonic()
    works = [lambda n=n: fates.extend(gateway.outcomes([command(f"{n}", WRITE)])) for n in range(30)]
    in_threads([*works, stop])
    assert time.monotonic() - begun < 3
    assert {(fate.code, fate.retry) for fate in fates if isinstance(fate, PortalError)} == {
        ("STOPPED", "later")
    }
    assert len(fates) == 30
    assert echo.tags == ["first"], "what was told to have not been sent was not sent"
    after = gateway.outcomes([command("after")])[0]
    assert isinstance(after, PortalError)
    assert after.code == "STOPPED"


def test_a_method_near_its_limit_rests_and_the_others_go_on():
    now = [100.0]
    busy = {"operating": MOST_SECONDS, "operating_reset_at": 1060, "finish": 1000}
    echo = Echo(times={WRITE: busy, READ: {"operating": 1.0, "operating_reset_at": 1600, "finish": 1000}})
    gateway = open_gateway(echo, rests=Rests(clock=lambda: now[0]))
    gateway.send([command("a", WRITE), command("b")])
    now[0] += 10
    outcomes = gateway.outcomes([command("c"), command("d", WRITE), command("e", of="d"), command("f")])
    refused = {at: one for at, one in enumerate(outcomes) if isinstance(one, PortalError)}
    assert list(refused) == [1, 2]
    assert refused[1].retry == refused[2].retry == "later"
    assert refused[1].retry_after == pytest.approx(50)
    assert echo.requests == [["a", "b"], ["c", "f"]]
    assert gateway.cost.requests == 2
    now[0] += 50.1
    gateway.send([command("g", WRITE)])
    assert echo.tags[-1] == "g"


def test_a_method_refused_for_its_running_time_rests_as_long_as_its_last_answer_said():
    now = [100.0]
    rests = Rests(clock=lambda: now[0])
    rests.note("crm.Item.get", {"operating": 2.0, "operating_reset_at": 1090.5, "finish": 1000.5})
    assert rests.refusal("crm.item.get") is None
    now[0] += 40
    rests.refused(PortalError("crm.item.get", "OPERATION_TIME_LIMIT", "", "later"))
    refusal = rests.refusal("crm.item.get")
    assert refusal is not None
    assert refusal.retry_after == pytest.approx(50)
    assert rests.refusal("crm.item.list") is None
    now[0] += 51
    assert rests.refusal("crm.item.get") is None


def test_a_command_that_cannot_be_said_fails_its_own_run_alone():
    class Unsayable:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    echo = Echo()
    gateway = open_gateway(echo, _Gate())
    fates: dict[str, Outcome] = {}
    bad = command("bad", WRITE)
    object.__setattr__(bad, "params", {"tag": Unsayable()})
    works = [lambda n=n: fates.update({n: gateway.outcomes([command(n)])[0]}) for n in ("a", "b")]
    _together(gateway, [*works, lambda: fates.update(bad=gateway.outcomes([bad])[0])])
    assert sorted(echo.tags) == ["a", "b"]
    assert isinstance(fates["bad"], PortalError)
    assert result(fates["a"])["tag"] == "a"


def test_an_answer_that_looks_like_a_reference_reads_nothing_of_others():
    """What the portal answered goes into the next command: in a batch `$result[…]` would be filled in."""
    trap = "$result[c_0][tag]"
    echo = Echo()
    gateway = open_gateway(echo, _Gate())

    def trapped() -> object:
        first = yield [command(trap)]
        yield [command("next", of=trap)]
        return first

    works = [lambda n=n: gateway.send([command(n)]) for n in ("secret", "secret-2")]
    _together(gateway, [*works, lambda: gateway.metered().drive(trapped())])
    assert ["next"] in echo.requests


def test_the_same_read_of_several_runs_is_asked_once_but_never_in_place_of_one_behind_its_own_write():
    echo = Echo(refused={"gone"})
    gateway = open_gateway(echo, _Gate())
    fates: dict[int, list[Outcome]] = {}

    def work(number: int, *, writes: bool) -> None:
        first = [Command(f"w{number}", WRITE, {"tag": f"w{number}"}, writes=True)] if writes else []
        reads = [
            Command(f"{number}.deal", READ, {"tag": "deal"}),
            Command(f"{number}.client", READ, {"tag": "client", "of": Ref(f"{number}.deal", ("tag",))}),
            Command(f"{number}.gone", READ, {"tag": "gone"}),
        ]
        fates[number] = gateway.metered().outcomes([*first, *reads])

    _together(gateway, [lambda n=n: work(n, writes=n == 3) for n in range(4)])
    assert sorted(echo.tags) == sorted(["deal", "client", "gone"] * 2 + ["w3"])
    assert len(echo.requests) == 1
    for number, outcomes in fates.items():
        deal, client, gone = outcomes[-3:]
        assert isinstance(deal, Answer)
        assert deal.command == f"{number}.deal", "everybody's answer bears the name of the own command"
        assert result(client) == {"tag": "client", "of": "deal"}
        assert isinstance(gone, PortalError)
        assert gone.code == "REFUSED"
    assert len({id(outcomes[-1]) for outcomes in fates.values()}) == 4, "nobody is handed another's error"
    written = echo.requests[0].index("w3")
    assert echo.requests[0][written:] == ["w3", "deal", "client", "gone"]
    spent = gateway.client.spending.now()
    assert spent.commands == 7
    assert spent.by_rule[""].reads + spent.by_rule[""].writes == 13


def test_the_portals_real_limits_refuse_nothing_and_batches_fill():
    """Twin, HTTP, the real bucket: its depth is spent first, then 24 threads with 4 commands each have a backlog."""
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server:
        pace = Pace()
        with PortalClient(server.webhook_url, pace=pace, sleep=lambda _: None) as client:
            gateway = Gateway(client, NoFiles(), no_engine)
            for _ in range(pace.size):
                client.call("server.time", {})
            before = client.spending.now().requests

            def work(number: int) -> None:
                metered = gateway.metered()
                for turn in range(4):
                    reads = [
                        command(f"{number}.{turn}.{at}", "server.time" if at else "user.current")
                        for at in range(4)
                    ]
                    metered.send(reads)

            in_threads([lambda n=n: work(n) for n in range(24)], 60)
            spent = client.spending.now()
    assert spent.refusals == {}
    sent = 24 * 4 * 4
    assert sent / (spent.requests - before) >= 30


def test_one_slow_answer_holds_nobody_else():
    release = threading.Event()

    class Slow(Echo):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            if b"slow" in request.content:
                release.wait(10)
            return super().__call__(request)

    echo = Slow()
    gateway = open_gateway(echo)
    slow = threading.Thread(target=lambda: gateway.send([command("slow")]))
    slow.start()
    time.sleep(0.05)
    begun = time.monotonic()
    for number in range(5):
        gateway.send([command(str(number))])
    assert time.monotonic() - begun < 2
    release.set()
    slow.join(5)
    assert not slow.is_alive()
