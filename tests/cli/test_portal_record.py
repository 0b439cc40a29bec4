"""`engine portal record` as a process: files, choices, refusals, and what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.serve import PortalServer
from engine.portal.recording import read_recording
from tests.cli.conftest import ROOT, Ran, start


@pytest.fixture(scope="module")
def webhook() -> Iterator[str]:
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server:
        yield server.webhook_url


def record(cwd: Path, webhook: str, *arguments: str) -> Ran:
    config = ("--lang", "en", "--config", str(ROOT / "config.example.yaml"))
    return start(("portal", "record", *arguments, *config), cwd, {"BITRIX24_WEBHOOK_URL": webhook})


def test_a_folder_holds_a_file_a_method_and_the_twin_differs_nowhere_from_itself(tmp_path, webhook):
    done = record(tmp_path, webhook, "samples", "--writes", "--compare")
    assert done.code == 0, done.out + done.err
    assert re.fullmatch(r"Answers compared: [0-9]{2}, differences: 0\.\n", done.out)
    assert done.err.startswith("A deal, a folder and a file will be made")
    texts = {file.stem: file.read_text("utf-8") for file in (tmp_path / "samples").iterdir()}
    count = sum(len(read_recording(text)) for text in texts.values())
    assert done.err.endswith(f"samples written: {count}, files: {len(texts)}: samples\n")
    assert len(done.err.splitlines()) == 2  # all that the shipped rules call was recorded
    assert {"crm.item.list", "disk.file.get", "profile"} <= set(texts)
    assert "demo" not in "".join(texts.values())


def test_one_file_of_the_chosen_method_and_item(tmp_path, webhook):
    done = record(tmp_path, webhook, "one.json", "--method", "crm.item.get", "--item", "deal/7")
    assert done.code == 0, done.err
    samples = read_recording((tmp_path / "one.json").read_text("utf-8"))
    assert {one.method for one in samples} == {"crm.item.get"}
    assert "not recorded" not in done.err
    assert [one.status for one in samples if one.label == "an absent item"] == [400]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "FILE, DIR or --compare is needed"),
        (("x.json", "--item", "nothing/5"), "--item: nothing/5"),
        (("x.json", "--item", "deal/five"), "--item: deal/five"),
    ],
)
def test_a_wrong_use(tmp_path, webhook, arguments, said):
    done = record(tmp_path, webhook, *arguments)
    assert done.code == 2
    assert said in done.err
    assert not list(tmp_path.iterdir())


def test_a_portal_that_does_not_answer_is_named(tmp_path):
    done = record(tmp_path, "http://127.0.0.1:9/rest/1/k/", "x.json", "--method", "profile")
    assert done.code == 1
    assert "the portal" in done.err
    assert not list(tmp_path.iterdir())
