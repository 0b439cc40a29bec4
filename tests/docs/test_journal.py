"""The page of the journal: every gate, status and metric stands on it, and no other; its commands exist."""

from __future__ import annotations

import shlex

import click
import pytest

from engine.cli import main
from engine.cli.run_text import line_json
from engine.cli.runs import STATUSES
from engine.cli.why_text import SCHEMA
from engine.runtime.metrics import METRICS
from engine.runtime.why_words import GATES
from engine.setup import Keep, LogSetup
from tests.docs.docs_case import blocks, codes, page, rows

PAGE = "journal"


def test_every_gate_in_its_order() -> None:
    assert [row["gate"] for row in rows(PAGE, "gate")] == list(GATES)
    assert SCHEMA in codes(PAGE)


def test_every_status_of_a_run() -> None:
    assert {row["status of a run"] for row in rows(PAGE, "status of a run")} == set(STATUSES)
    assert "retry_of" in codes(PAGE)
    assert line_json.__doc__


def test_every_metric_with_its_words() -> None:
    assert {row["metric"]: row["what it says"] for row in rows(PAGE, "metric")} == {
        name: text for name, (_, text) in METRICS.items()
    }


def test_the_times_are_those_of_the_code() -> None:
    assert f"({Keep().days} days)" in page(PAGE)
    assert f"({Keep().failed_days} days)" in page(PAGE)
    assert {LogSetup().form, LogSetup().level} <= codes(PAGE)


@pytest.mark.parametrize("line", [line for block in blocks(PAGE, "sh") for line in block.text.splitlines()])
def test_a_command_of_the_page_is_understood(line: str) -> None:
    words = shlex.split(line)[1:]
    command: click.Command = main
    while isinstance(command, click.Group):
        name = words.pop(0)
        found = command.get_command(click.Context(command), name)
        assert found is not None, name
        command = found
    command.make_context("page", words, resilient_parsing=False)
