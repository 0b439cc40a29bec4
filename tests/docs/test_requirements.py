"""docs/requirements.md says what is so: every requirement once, and no rule, command or test that is not there."""

from __future__ import annotations

import ast
import re
import shlex
from functools import cache

import click
import pytest

from engine.cli import main
from tests.docs.docs_case import ROOT

PAGE = ROOT / "docs" / "requirements.md"
_RULE = re.compile(r"[a-z]+/[a-z0-9-]+")


def table() -> dict[str, tuple[str, str, str]]:
    """The rows by requirement: what it is about, what fulfils it, what proves it."""
    found: dict[str, tuple[str, str, str]] = {}
    for line in PAGE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if re.fullmatch(r"R\d+", cells[0]):
            assert cells[0] not in found, f"{cells[0]} stands twice"
            assert len(cells) == 4, line
            found[cells[0]] = (cells[1], cells[2], cells[3])
    return found


def codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@cache
def rules() -> frozenset[str]:
    """The ids of the shipped rules, read from the files alone."""
    found = set()
    for file in (ROOT / "regulations").glob("*.yaml"):
        text = file.read_text("utf-8")
        name = re.search(r"^ruleset: (\S+)", text, re.MULTILINE)
        if name is not None:
            found |= {f"{name[1]}/{one}" for one in re.findall(r"^  - id: (\S+)", text, re.MULTILINE)}
    return frozenset(found)


@cache
def collected_from(path: str) -> frozenset[str]:
    """The names of the tests that a file holds at its top."""
    file = ROOT / path
    assert file.is_file(), path
    tree = ast.parse(file.read_text("utf-8"))
    return frozenset(one.name for one in tree.body if isinstance(one, ast.FunctionDef))


def test_every_requirement_stands_once() -> None:
    assert list(table()) == [f"R{number}" for number in range(1, 36)]


@pytest.mark.parametrize("number", table())
def test_a_row_is_whole_and_what_it_names_exists(number: str) -> None:
    about, by, proof = table()[number]
    assert about
    named = codes(by)
    assert named, "nothing fulfils it"
    assert {one for one in named if _RULE.fullmatch(one)} <= rules()
    for one in named:
        if one.startswith("engine "):
            check_command(one)
    proofs = codes(proof)
    assert proofs, "nothing proves it"
    for one in proofs:
        path, _, name = one.partition("::")
        assert name.startswith("test_"), one
        assert name in collected_from(path), one


def check_command(text: str) -> None:
    """Walk the command tree by the words; every option named is the command's own."""
    words = shlex.split(text)[1:]
    command: click.Command = main
    context = click.Context(main)
    while isinstance(command, click.Group):
        assert words, f"{text}: a group is no command"
        found = command.get_command(context, words[0])
        assert found is not None, text
        command, words = found, words[1:]
        context = click.Context(command, parent=context)
    options = {name for one in command.params for name in one.opts}
    assert {word for word in words if word.startswith("--")} <= options, (text, options)


@pytest.mark.parametrize(
    "text", ["engine register nonsense", "engine register import X --sure", "engine bank"]
)
def test_a_command_that_is_not_there_is_found_out(text: str) -> None:
    with pytest.raises(AssertionError):
        check_command(text)
