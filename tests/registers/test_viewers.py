"""Who sees what by the roles of the settings: departments below count for their head alone; denied by default."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from engine.language.values import Item, Value
from engine.registers.opening import Office
from engine.registers.query import Query
from engine.registers.viewers import viewer_of
from engine.runtime.store import Store
from engine.runtime.wire import dump
from tests.registers.register_case import made_up

# 1 is the company; 10 sells, 11 is a group of 10, 20 is another department. 2 heads 10, 3 is in 10, 4 in 11, 5 in 20.
UNITS = (("1", "", "1"), ("10", "1", "2"), ("11", "10", "4"), ("20", "1", "5"))
PEOPLE = {"2": "10", "3": "10", "4": "11", "5": "20", "6": "10"}
ACTS: Mapping[str, Mapping[str, Value]] = {
    "act/2": {"number": "2", "manager": Item("user", "2"), "deal": None},
    "act/3": {"number": "3", "manager": Item("user", "3"), "deal": None},
    "act/4": {"number": "4", "manager": Item("user", "4"), "deal": None},
    "act/5": {"number": "5", "manager": Item("user", "5"), "deal": Item("deal", "1")},
    "act/7": {"number": "7", "deal": None},
    "deal/1": {"title": "Сделка", "manager": Item("user", "3")},
}


def set_people(store: Store) -> None:
    with store.transaction() as connection:
        for unit in UNITS:
            connection.execute("INSERT INTO register_unit (id, parent, head) VALUES (?, ?, ?)", unit)
        for person, unit_of in PEOPLE.items():
            fields = dump({"name": f"Сотрудник {person}", "active": person != "6"})
            connection.execute(
                "INSERT INTO register_person (id, fields, units) VALUES (?, ?, ?)",
                (person, fields, json.dumps([unit_of])),
            )


def seen(office: Office, store: Store, user: str, role: str | None) -> set[str]:
    viewer = viewer_of(store, {user: role} if role else {}, user)
    return set(office.registers.ids(Query("acts", viewer=viewer)))


@pytest.mark.parametrize(
    ("user", "role", "acts"),
    [
        ("3", "own", {"3", "5"}),  # its own act, and the act of its deal
        ("5", "own", {"5"}),
        ("2", "department", {"2", "3", "4", "5"}),  # the head sees the group below
        ("3", "department", {"2", "3", "5"}),  # a colleague does not
        ("4", "department", {"4"}),
        ("5", "department", {"5"}),
        ("2", "all", {"2", "3", "4", "5", "7"}),
        ("2", "none", set()),
        ("2", None, set()),
        ("6", "all", set()),  # dismissed
        ("99", "own", set()),
    ],
)
def test_roles(tmp_path: Path, user: str, role: str | None, acts: set[str]) -> None:
    with made_up(tmp_path, ACTS) as (office, store):
        set_people(store)
        assert seen(office, store, user, role) == acts
