"""What every store promises: transactions, the fence, the order of a lane, keys that are taken once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import pytest

from engine.decision.event import Event
from engine.language.values import Item
from engine.runtime.engine_methods import EngineMethods
from engine.runtime.inbox import Held, Inbox, Pending
from engine.runtime.intents import CLAIMED, DONE, Intents
from engine.runtime.requests import answer_of, ask
from engine.runtime.snapshot import load_snapshot, save_snapshot
from engine.runtime.store import Fenced, Store
from tests.portal.portal_case import ZONE

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=ZONE)
DEAL, ACT = Item("deal", "118"), Item("act", "43")


def inbox_of(store: Store) -> Inbox:
    return Inbox(store, lambda: NOW, lambda _: None, owner="test")


def put(inbox: Inbox, *items: Item) -> None:
    for item in items:
        inbox.put(Event(f"{item.entity}.updated", "", NOW, item, {"title": None}))


def take(inbox: Inbox, lane: str) -> Pending:
    found = inbox.take(lane, ZONE)
    assert isinstance(found, Pending), found
    return found


def together(work: Callable[[int], object], times: int = 8) -> list[object]:
    """Do it in as many threads at once; return what each gave or raised."""
    given: list[object] = []

    def one(number: int) -> None:
        try:
            given.append(work(number))
        except Exception as error:
            given.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return given


def test_a_transaction_is_whole_and_an_inner_one_is_part_of_it(store: Store) -> None:
    def fail() -> None:
        with store.transaction() as connection:
            connection.execute("INSERT INTO memory VALUES (?, ?)", ("a", "1"))
            store.execute("INSERT INTO memory VALUES (?, ?)", ("b", "2"))
            store.write("INSERT INTO memory VALUES (?, ?)", ("c", "3"))
            store.count("seen")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert store.rows("SELECT * FROM memory") == []
    assert store.counts() == {}
    with store.transaction() as connection:
        connection.execute("INSERT INTO memory VALUES (?, ?)", ("a", "«Ы» 'x' \\ {}"))
        row = store.row("SELECT key, value FROM memory")
    assert row is not None
    assert (row["value"], row[0]) == ("«Ы» 'x' \\ {}", "a")
    with pytest.raises(IndexError):
        row[2]


def test_a_statement_that_fails_takes_its_transaction_with_it(store: Store) -> None:
    store.execute("INSERT INTO memory VALUES ('a', '1')")

    def fail() -> None:
        with store.transaction() as connection:
            connection.execute("INSERT INTO memory VALUES ('b', '2')")
            store.write("INSERT INTO memory VALUES ('a', '3')")
            store.write("INSERT INTO memory VALUES ('c', '4')")

    with pytest.raises(Exception, match=r"(?i)unique"):
        fail()
    assert [row["key"] for row in store.rows("SELECT key FROM memory")] == ["a"]
    assert store.execute("UPDATE memory SET value = '9'") == 1


def test_counters_count_from_many_threads(store: Store) -> None:
    def both(number: int) -> None:
        names = ("a", "b") if number % 2 else ("b", "a")
        for _ in range(10):
            with store.transaction():
                for name in names:
                    store.count(name)

    assert together(both) == [None] * 8
    assert store.counts() == {"a": 80, "b": 80}


def test_transactions_that_come_together_share_no_fault(store: Store) -> None:
    def write(number: int) -> int:
        store.execute("INSERT INTO memory VALUES (?, ?)", (str(number % 6), ""))
        return number

    given = together(write, 12)
    assert len([one for one in given if isinstance(one, int)]) == 6
    assert len([one for one in given if isinstance(one, Exception)]) == 6
    assert len(store.rows("SELECT * FROM memory")) == 6


def test_a_lane_is_taken_in_the_order_of_its_rows(store: Store) -> None:
    inbox = inbox_of(store)
    save_snapshot(store, ACT, {"deal": DEAL}, NOW)
    put(inbox, DEAL, ACT, Item("deal", "7"), DEAL)
    seen: list[str] = []
    while isinstance(row := inbox.take("deal/118", ZONE), Pending):
        seen.append(f"{row.n} {row.event.item}")
        with store.fenced(row.lease):
            inbox.finish(row.n, "run")
    assert seen == ["1 deal/118", "2 act/43", "4 deal/118"]
    assert [lane for lane, _ in inbox.lanes()] == ["deal/7"]


def test_rows_put_from_many_threads_are_taken_in_their_order(store: Store) -> None:
    inbox = inbox_of(store)
    done, seen = threading.Event(), []

    def read() -> None:
        while not done.is_set() or inbox.waiting():
            row = inbox.take("deal/118", ZONE)
            if isinstance(row, Pending):
                seen.append(row.n)
                inbox.finish(row.n, "run")

    reader = threading.Thread(target=read)
    reader.start()
    together(lambda _: put(inbox, *[DEAL] * 25), 4)
    done.set()
    reader.join(30)
    assert len(seen) == 100
    assert seen == sorted(seen)


def test_a_row_that_waits_holds_its_lane_only(store: Store) -> None:
    inbox = inbox_of(store)
    put(inbox, DEAL, DEAL, Item("deal", "7"))
    first = take(inbox, "deal/118")
    inbox.wait(first.n, NOW.timestamp() + 5, "the portal rests")
    assert inbox.take("deal/118", ZONE) == Held(NOW.timestamp() + 5)
    assert take(inbox, "deal/7").n == 3
    store.execute("UPDATE event SET next_try = 0")
    again = take(inbox, "deal/118")
    assert (again.n, again.tries, again.is_resumed) == (first.n, 1, True)


def test_an_item_that_moves_to_another_deal_stands_in_both_lanes(store: Store) -> None:
    inbox = inbox_of(store)
    save_snapshot(store, ACT, {"deal": DEAL}, NOW)
    put(inbox, Item("deal", "7"), ACT, Item("deal", "7"), DEAL)
    moving = take(inbox, "deal/118")
    assert inbox.put_back(moving, "deal/7", is_move=True)
    assert isinstance(inbox.take("deal/118", ZONE), Held), "the earlier row of deal 7 comes first"
    inbox.finish(take(inbox, "deal/7").n, "run")
    assert isinstance(inbox.take("deal/7", ZONE), Held), "and its later row waits for the one that moves"
    again = take(inbox, "deal/118")
    assert again.n == moving.n
    inbox.finish(again.n, "run")
    assert (take(inbox, "deal/7").n, take(inbox, "deal/118").n) == (3, 4)


def test_who_was_overtaken_writes_nothing(store: Store) -> None:
    inbox, intents = inbox_of(store), Intents(store)
    put(inbox, DEAL)
    frozen, holder = take(inbox, "deal/118"), take(inbox, "deal/118")

    def go_on() -> None:
        with store.fenced(frozen.lease) as connection:
            save_snapshot(store, DEAL, {"title": "Мертвец"}, NOW)
            connection.execute("INSERT INTO memory VALUES ('a', '1')")
            inbox.finish(frozen.n, "run")

    with pytest.raises(Fenced):
        go_on()
    with pytest.raises(Fenced):
        intents.take("act 118/1", 1, 1, NOW, frozen.lease)
    assert load_snapshot(store, DEAL) is None
    assert store.rows("SELECT * FROM memory") == []
    assert intents.find("act 118/1").state == ""
    with store.fenced(holder.lease):
        inbox.finish(holder.n, "run")
    assert inbox.take("deal/118", ZONE) is None


def test_a_key_is_taken_once(store: Store) -> None:
    inbox, intents = inbox_of(store), Intents(store)
    put(inbox, *[Item("deal", str(number)) for number in range(8)])
    leases = [take(inbox, f"deal/{number}").lease for number in range(8)]
    for n in range(1, 9):
        store.execute("INSERT INTO edition VALUES (?, '') ON CONFLICT (hash) DO NOTHING", ("e",))
        store.execute(
            "INSERT INTO run (event, edition, event_wire, facts, form, status, started)"
            " VALUES (?, 'e', '', '', '', 'running', '')",
            (n,),
        )
    given = together(lambda n: intents.take("mail a", n + 1, 1, NOW, leases[n]).state)
    assert sorted(map(str, given)) == ["", *[CLAIMED] * 7]
    holder = intents.find("mail a").run
    intents.settle("mail a", DONE, "sent", leases[holder - 1])
    assert intents.find("mail a").result == "sent"


def test_numbers_follow_one_another(store: Store) -> None:
    methods = EngineMethods(store, {}, lambda: NOW)

    def number(n: int) -> str:
        with methods.under(f"key {n}"):
            return methods.take_number("act", "1", 2026, "{n}")

    assert sorted(map(str, together(number))) == [str(n) for n in range(1, 9)]


def test_a_request_waits_for_its_answer(store: Store) -> None:
    inbox = inbox_of(store)
    number = ask(store, "retry", {"run": "7"}, NOW, lane="deal/118")
    assert answer_of(store, number) is None
    row = take(inbox, "deal/118")
    assert (row.kind, row.event.detail, row.roots) == ("request", "retry", {"run": "7"})
    inbox.answer(row.n, {"run": 7})
    assert answer_of(store, number) == {"run": 7}
