"""Every code has a page, a broken file with the place marked, and a golden rendering in both languages.

`REGENERATE=1 pytest tests/language/test_bad.py` writes the renderings anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from engine.language.check import check_regulation
from engine.language.diagnostics import Diagnostic, Span
from engine.language.expression import Names, compile_expression
from engine.language.load import load_regulation
from engine.language.pages import find_page, list_codes
from engine.language.rendering import render_text
from engine.language.source import Limits, read_source
from engine.language.types import item
from engine.language.world import read_world
from tests.language.support import ACTIONS, MAIL, RECEIVED, ROOT, world

BAD = ROOT / "tests" / "bad"
FILES = sorted(BAD.glob("*.yaml"))
MARK = re.compile(r"# error: ([A-Z]\d{3})")
CODE = re.compile(r'"(R[12]\d\d)"')


def find(path: Path) -> tuple[list[Diagnostic], dict[str, bytes]]:
    content = path.read_bytes()
    text = content.decode("utf-8", "replace")
    limits = Limits()
    given = re.search(r"(?m)^# limits: (\w+)=(\d+)", text)
    if given:
        limits = Limits(**{given[1]: int(given[2])})
    if (where := re.match(r'# where: "(.*)"', text)) is not None:
        # An expression that comes from no regulation: a register's --where.
        names = Names(world(), {"act": item("act")})
        place = lambda start, end: Span(path.name, 1, 11 + start, 1, 11 + end)  # noqa: E731
        return compile_expression(where[1], place, names)[1], {path.name: content}
    if text.startswith("# map"):
        node, found = read_source(path.name, content, limits)
        assert node is not None
        return [*found, *read_world(node)[1]], {path.name: content}
    sources = {path.name: content}
    if (also := re.search(r"(?m)^# also: (\S+)", text)) is not None:
        sources[also[1]] = content
    sets, found = load_regulation(sources, world(), ACTIONS, MAIL, received=RECEIVED, limits=limits)
    return [*found, *check_regulation(sets, ACTIONS)], {**sources, **dict(MAIL.values())}


def marked(path: Path) -> list[tuple[str, int]]:
    """The codes that the file promises, each with the line of its mark."""
    lines = path.read_bytes().decode("utf-8", "replace").splitlines()
    return [(code, number) for number, line in enumerate(lines, 1) for code in MARK.findall(line)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_finds_what_is_marked_and_nothing_else(path):
    found, _ = find(path)
    wanted = marked(path)
    assert sorted(one.code for one in found) == sorted(code for code, _ in wanted)
    for code, line in wanted:
        places = [
            span for one in found if one.code == code for span in (one.span, *(s for s, _ in one.related))
        ]
        assert any(
            span.line in (line - 1 if code == "R200" else line, line + 1, 1 if code == "R101" else 0)
            for span in places
        ), (code, places)


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_rendering_is_as_it_was(path, language):
    found, sources = find(path)
    shown = render_text(found, sources, language)
    golden = path.with_suffix(f".{language}.txt")
    if os.environ.get("REGENERATE"):
        golden.write_text(shown, "utf-8")
    assert golden.read_text("utf-8") == shown
    assert not re.search(r"(?<!\$)\{[a-z_]+\}", shown), "a slot of the page was left unfilled"


def used_codes() -> set[str]:
    sources = (ROOT / "engine" / "language").rglob("*.py")
    return {code for source in sources for code in CODE.findall(source.read_text("utf-8"))}


def test_every_code_in_use_has_a_page_and_a_bad_file():
    used = used_codes()
    assert used
    assert sorted(used - set(list_codes())) == []
    assert sorted(code for code in list_codes() if code < "R3" and code not in used) == [], (
        "a page nobody uses"
    )
    shown = {path.name[:4] for path in FILES}
    assert sorted(used - shown) == []


@pytest.mark.parametrize("code", list_codes())
def test_page_is_whole_in_both_languages(code):
    page = find_page(code)
    assert page is not None
    assert page.bad
    assert page.good
    assert page.bad != page.good
    for words in page.words.values():
        assert words.title
        assert words.message
        assert words.wrong.strip()
        assert words.mend.strip()
