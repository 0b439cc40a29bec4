"""The four output formats: text exactly as the language page shows it, JSON, SARIF 2.1.0, GitHub commands."""

from __future__ import annotations

import json

import pytest

from engine.language.diagnostics import Diagnostic, Span
from engine.language.pages import find_page, render_page
from engine.language.rendering import render_text, width
from engine.language.reports import RENDERERS, render_github, render_json, render_sarif

LINE = "      - disk.ensure_foldr:"
FOUND = Diagnostic(
    "R104",
    Span("regulations/acts.yaml", 31, 9, 31, 26),
    {"name": "disk.ensure_foldr", "suggestion": "disk.ensure_folder", "plugin": "disk"},
)
SOURCES = {"regulations/acts.yaml": ("\n" * 30 + LINE + "\n").encode()}

SHOWN = """\
regulations/acts.yaml:31:9: error[R104]: unknown action `disk.ensure_foldr`
   |
31 |       - disk.ensure_foldr:
   |         ^^^^^^^^^^^^^^^^^ no plugin supplies this action
   = help: an action with a similar name exists: `disk.ensure_folder` (plugin `disk`)
"""


def test_text_is_as_the_language_page_shows_it():
    assert render_text([FOUND], SOURCES, "en") == SHOWN


def test_text_is_sorted_by_place_and_told_once_each():
    later = Diagnostic("R126", Span("regulations/acts.yaml", 2, 1, 2, 1))
    first = Diagnostic("R126", Span("a.yaml", 90, 1, 90, 1))
    shown = render_text([FOUND, later, first], SOURCES, "en")
    assert [line.split(": ")[0] for line in shown.splitlines() if "[R" in line] == [
        "a.yaml:90:1", "regulations/acts.yaml:2:1", "regulations/acts.yaml:31:9",
    ]  # fmt: skip


def test_colours_change_nothing_but_colours():
    import re

    painted = render_text([FOUND], SOURCES, "ru", colour=True)
    assert "\x1b[" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == render_text([FOUND], SOURCES, "ru")


@pytest.mark.parametrize(("text", "cells"), [("акт", 3), ("日本", 4), ("и\u0306", 1), ("", 0)])
def test_width_counts_cells(text, cells):
    assert width(text) == cells


def test_a_long_line_is_cut_around_the_caret():
    line = "x" * 400 + "ОШИБКА" + "y" * 400
    found = Diagnostic("R126", Span("f", 1, 401, 1, 407))
    shown = render_text([found], {"f": line.encode()}, "en").splitlines()
    assert len(shown[2]) < 180
    at = shown[2].index("ОШИБКА")
    assert shown[3][at : at + 6] == "^^^^^^"


def test_json_says_the_same():
    told = json.loads(render_json([FOUND], SOURCES, "en"))
    assert told["schema"] == "reglament/diagnostics/1"
    (one,) = told["diagnostics"]
    assert (one["code"], one["severity"], one["line"], one["column"], one["end_column"]) == (
        "R104",
        "error",
        31,
        9,
        26,
    )
    assert one["help"] == ["an action with a similar name exists: `disk.ensure_folder` (plugin `disk`)"]


def test_sarif_has_rules_results_and_regions():
    log = json.loads(
        render_sarif(
            [FOUND, Diagnostic("R163", Span("a.yaml", 1, 1, 1, 2), {"name": "x"}, "advice")], SOURCES
        )
    )
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["R104", "R163"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        region = result["locations"][0]["physicalLocation"]["region"]
        assert region["startLine"] >= 1
        assert region["endColumn"] >= region["startColumn"] >= 1
    assert [result["level"] for result in run["results"]] == ["note", "error"]


def test_github_escapes_what_its_commands_need():
    odd = Diagnostic("R126", Span("a,b:c.yaml", 1, 2, 1, 3))
    assert render_github([odd], {}, "en").startswith(
        "::error file=a%2Cb%3Ac.yaml,line=1,col=2,endColumn=3,title=R126::"
    )
    assert render_github([FOUND], SOURCES, "en").count("\n") == 1


@pytest.mark.parametrize("name", RENDERERS)
@pytest.mark.parametrize("language", ["ru", "en"])
def test_nothing_found_and_unknown_codes_are_printed_too(name, language):
    assert isinstance(RENDERERS[name]([], {}, language), str)
    own = Diagnostic("X001", Span("f", 5, 9, 7, 1), {"what": "own"}, related=((Span("g"), "a note"),))
    assert "X001" in RENDERERS[name]([own], {"f": b"short"}, language)


@pytest.mark.parametrize("language", ["ru", "en"])
def test_explain_prints_the_whole_page(language):
    page = find_page("R104")
    assert page is not None
    shown = render_page(page, language)
    for part in (page.words[language].title, page.bad, page.good):
        assert part.splitlines()[0] in shown


@pytest.mark.parametrize("code", ["R999", "../x", "", "r104"])
def test_there_is_no_page_of_what_is_no_code(code):
    assert find_page(code) is None
