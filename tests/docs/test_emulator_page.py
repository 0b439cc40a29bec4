"""docs/emulator.md is true: every policy, method and address of the twin is on the page as it is, and no other.

``python -m tests.docs.test_emulator_page`` writes the two tables of the page anew.
"""

from __future__ import annotations

import re
from itertools import groupby
from textwrap import fill

import pytest

from engine.emulator import demo, v3
from engine.emulator.methods import APPLICATION_ONLY, METHODS
from engine.emulator.policies import list_policies
from tests.docs.docs_case import DOCS, page

PAGE = DOCS / "emulator.md"
_POLICIES = re.compile(r"(?<=\|---\|---\|---\|---\|\n)(?:\| `.*\n)*(?=## Robots)|POLICIES\n")
_METHODS = re.compile(r"(?:(?:\* `.*\n(?:  .*\n)*)+\n|METHODS\n)(?=## How it differs)")


def policies_table() -> str:
    lines = []
    for name, default, others, means in list_policies():
        rest = (
            ", ".join(f"`{one}`" for one in others.split(", "))
            if others not in ("text", "a number")
            else others
        )
        shown = default.replace("|", "\\|")
        lines.append(
            f"| `{name}` | `{shown}` | {rest} | {means} |\n".replace('`\\/:*?"<>\\|`', '`\\/:*?"<>\\|`')
        )
    return "".join(lines) + "\n"


def methods_list() -> str:
    """One line a family: all names of two parts or three that begin alike."""
    names = sorted({one.name for one in METHODS.values()} | set(v3.METHODS), key=str.lower)

    def family(name: str) -> str:
        parts = name.split(".")
        return ".".join(parts[: 2 if parts[0] in ("bizproc", "crm", "disk") else 1])

    found = []
    for _, group in groupby(names, key=family):
        marked = [f"`{name}`{'*' if name.lower() in APPLICATION_ONLY else ''}" for name in group]
        line = fill(f"* {', '.join(marked)}", 118, subsequent_indent="  ", break_on_hyphens=False)
        found.append(f"{line}\n")
    return "".join(found) + "\n"


def written(text: str) -> str:
    text = _POLICIES.sub(lambda _: policies_table(), text, count=1)
    return _METHODS.sub(lambda _: methods_list(), text, count=1)


def test_policies_and_methods_are_on_the_page_as_they_are() -> None:
    assert page("emulator") == written(page("emulator"))


@pytest.mark.parametrize("name", sorted({*demo._WRITES, *demo._READS}))
def test_every_address_of_its_own_is_on_the_page(name: str) -> None:
    assert f"`/_demo/{name}`" in page("emulator")


def test_no_address_is_on_the_page_that_is_not_there() -> None:
    known = {*demo._WRITES, *demo._READS}
    assert set(re.findall(r"`/_demo/([a-z/]+)`", page("emulator"))) <= known


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
