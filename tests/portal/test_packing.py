"""Which commands share a request, and that the estimate counts what the gateway would send."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.action import Command, Content, Ref
from engine.language.values import File
from engine.portal.estimate import Cost, estimate
from engine.portal.packing import pack
from engine.portal.query import batch_command, follow
from tests.portal.portal_case import ROOT

READ = Command("r", "crm.item.get", {"id": 1})
WRITE = Command("w", "crm.item.update", {"id": 1, "fields": {"title": "x"}}, writes=True)
OWN = Command("n", "engine.number.take", {"series": "act"}, assume="А-2026/001")
FILE = Command("f", "crm.item.update", {"fields": {"x": ["a", Content(File("a"))]}}, writes=True)
UPLOAD = Command("u", "disk.folder.uploadFile", {"id": 1}, writes=True)
EMPTY = Command("e", "crm.item.productrow.set", {"productRows": []}, writes=True)
TRAP = Command("t", "crm.item.update", {"fields": {"title": "$result[c_0][item][id]"}}, writes=True)


def shape(*lanes: list[Command]) -> list[tuple[str, int]]:
    return [(group.kind, len(group.members)) for group in pack(lanes)]


@pytest.mark.parametrize(
    ("lanes", "groups"),
    [
        ([[]], []),
        ([[READ]], [("single", 1)]),
        ([[READ, READ]], [("batch", 2)]),
        ([[READ] * 50], [("batch", 50)]),
        ([[READ] * 51], [("batch", 50), ("single", 1)]),
        ([[READ] * 30, [READ] * 30], [("batch", 50), ("batch", 10)]),
        ([[OWN, WRITE], [OWN, WRITE]], [("engine", 1), ("engine", 1), ("batch", 2)]),
        ([[READ, OWN, READ]], [("single", 1), ("engine", 1), ("single", 1)]),
        ([[READ, FILE], [READ]], [("batch", 2), ("single", 1)]),
        ([[UPLOAD, READ], [READ]], [("single", 1), ("batch", 2)]),
        ([[EMPTY, TRAP]], [("single", 1), ("single", 1)]),
    ],
)
def test_groups(lanes, groups):
    assert shape(*lanes) == groups


@given(st.lists(st.lists(st.sampled_from([READ, WRITE, OWN, FILE, UPLOAD]), max_size=70), max_size=4))
def test_everything_goes_once_and_in_order(lanes):
    places = [place for group in pack(lanes) for place in group.members]
    assert sorted(places) == [
        (lane, at) for lane, commands in enumerate(lanes) for at in range(len(commands))
    ]
    for lane in range(len(lanes)):
        mine = [at for number, at in places if number == lane]
        assert mine == sorted(mine)
    assert all(len(group.members) <= 50 for group in pack(lanes))
    assert all(len(group.members) == 1 for group in pack(lanes) if group.kind != "batch")


def issue():
    number = yield [OWN]
    assert number[0].result == "А-2026/001"
    created = yield [
        Command("add", "crm.item.add", {}, writes=True, assume={"item": {"id": 0}}),
        Command("rows", "crm.item.productrow.set", {"ownerId": Ref("add", ("item", "id"))}, writes=True),
    ]
    return created[0].result["item"]["id"]


def look():
    yield [READ]
    yield [READ]
    return ()


def test_estimates():
    assert estimate(issue()) == Cost(requests=1, reads=0, writes=2)
    assert estimate(look()) == Cost(requests=2, reads=2, writes=0)
    # The number is the engine's own, so the turns are: nothing and a read, then the two writes with a read.
    assert estimate(issue(), look()) == Cost(requests=2, reads=2, writes=2)
    assert estimate() == Cost()


def test_a_generator_without_end_is_no_estimate():
    def endless():
        while True:
            yield [READ]

    with pytest.raises(ValueError, match="did not end"):
        estimate(endless())


def test_a_batch_command_is_a_php_query():
    params = {"id": Ref("add", ("items", 0, "id")), "fields": {"title": "А&б=1 +%", "on": True, "none": None},
              "select": ["id", "title"]}  # fmt: skip
    assert batch_command("crm.item.update", params, {"add": "c_0"}) == (
        "crm.item.update?id=%24result%5Bc_0%5D%5Bitems%5D%5B0%5D%5Bid%5D"
        "&fields[title]=%D0%90%26%D0%B1%3D1%20%2B%25&fields[on]=1&fields[none]="
        "&select[0]=id&select[1]=title"
    )
    assert batch_command("user.current", {}, {}) == "user.current"


def test_following_a_reference():
    assert follow({"items": [{"id": 7}]}, ("items", 0, "id")) == 7
    for path in (("items", 1, "id"), ("nothing",), ("items", "x")):
        assert follow({"items": [{"id": 7}]}, path) == ""
    assert follow(None, ()) == ""


@pytest.mark.parametrize("module", ["map", "estimate", "file_kind", "packing", "codec", "needs"])
def test_a_simulation_loads_no_http_library(module):
    code = (
        f"import sys, engine.portal.{module}; print(sorted({{'httpx', 'ssl', 'flask'}} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
