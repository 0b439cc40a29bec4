"""The group itself: version, help, languages, a person's mistakes, what start-up imports."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine import __version__
from engine.cli import COMMANDS
from engine.cli.words import SENTENCES, counted
from tests.cli.conftest import ROOT, environment

HEAVY = (
    "flask",
    "typst",
    "httpx",
    "watchdog",
    "holidays",
    "babel",
    "jsonschema",
    "rich",
    "sqlite3",
    "num2words",
)


def test_version(run):
    ran = run("--version")
    assert (ran.code, ran.out) == (0, f"reglament {__version__}\n")


def test_help_names_every_command_and_needs_no_folder(run):
    ran = run("--help")
    assert ran.code == 0
    assert all(f"\n  {name} " in ran.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_the_shared_options(run, name):
    parts = (name, "decision") if name == "bench" else (name, "list") if name == "runs" else (name,)
    ran = run(*parts, "--help")
    assert ran.code == 0
    assert all(option in ran.out for option in ("--config", "--lang", "--verbose"))


def test_no_command_prints_the_help_and_is_a_mistake(run):
    ran = run()
    assert ran.code == 2
    assert "Usage: engine" in ran.out + ran.err


@pytest.mark.parametrize(
    ("arguments", "russian", "english"),
    [
        (
            ["chek"],
            "нет такой команды: chek; возможно: check",
            "no such command: chek; perhaps check was meant",
        ),
        (["check", "--formt", "json"], "нет такого параметра: --formt", "No such option '--formt'"),
        (
            ["check", "--format", "xml"],
            "--format: нужно одно из: text, json, sarif, github",
            "'xml' is not one of",
        ),
        (["runs", "show", "x"], "RUN: нужно целое число", "'x' is not a valid"),
        (["explain"], "не указано: CODE", "Missing argument 'CODE'"),
        (["explain", "R104", "R105"], "лишний аргумент: R105", "unexpected extra argument"),
        (["emulate", "--port", "x"], "--port: нужно целое число", "'x' is not a valid integer range"),
        (["explain", "Q1"], "нет диагностики с кодом Q1", "there is no diagnostic Q1"),
        (
            ["check", "--config", "nowhere.yaml"],
            "nowhere.yaml: нет такого файла",
            "nowhere.yaml: there is no such file",
        ),
        (["check", "--config", "."], "это папка, а нужен файл", "this is a folder, a file is needed"),
        (["serve"], "нет файла настроек config.yaml", "there is no config.yaml"),
        (
            ["simulate", "nothing.json"],
            "nothing.json: нет такого файла",
            "nothing.json: there is no such file",
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line_in_the_chosen_language(run, arguments, russian, english):
    for language, wanted in (("ru", russian), ("en", english)):
        ran = run("--lang", language, *arguments)
        assert ran == run(arguments[0], "--lang", language, *arguments[1:]) or arguments == ["chek"]
        assert ran.code == 2
        assert ran.out == ""
        last = ran.err.splitlines()[-1]
        assert last.startswith("engine: ")
        assert wanted in last
        assert ran.is_plain


@pytest.mark.parametrize(
    ("env", "arguments", "word"),
    [
        ({"LC_ALL": "ru_RU.UTF-8"}, [], "нет такой команды"),
        ({"LC_ALL": "", "LANG": "ru_RU.UTF-8"}, [], "нет такой команды"),
        ({"LC_ALL": "de_DE.UTF-8"}, [], "no such command"),
        ({"LC_ALL": "ru_RU.UTF-8"}, ["--lang", "en"], "no such command"),
        ({"LC_ALL": "de_DE.UTF-8"}, ["--lang=ru"], "нет такой команды"),
    ],
)
def test_language_is_the_option_else_the_locale(run, env, arguments, word):
    assert word in run(*arguments, "nonsense", env=env).err


def test_without_any_locale_the_company_speaks_its_own_language(run, company):
    ran = run("check", cwd=company, env={"LC_ALL": "", "LANG": ""})
    assert "Ошибок нет" in ran.err


def test_options_work_before_and_after_the_command_and_the_later_one_wins(run, company):
    config = company / "config.yaml"
    before = run("--config", config, "--lang", "ru", "check")
    after = run("check", "--config", config, "--lang", "ru")
    both = run("--lang", "en", "check", "--config", config, "--lang", "ru")
    assert before == after == both
    assert before.code == 0
    assert "Ошибок нет: 1 файл проверен." in before.err


def imported(arguments: list[str], cwd: Path) -> set[str]:
    command = [sys.executable, "-X", "importtime", "-m", "engine", *arguments]
    done = subprocess.run(
        command, cwd=cwd, env=environment(), capture_output=True, encoding="utf-8", check=True
    )
    return {
        line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time")
    }


EVENT = """{"event": "deal.updated", "item": "deal/1", "time": "2026-03-14T10:00:00+03:00", "before": {"stage": "new"},
 "facts": {"deal": {"id": 1, "title": "Т", "stage": "in_work", "pipeline": "customisation", "manager": 5}}}"""


def test_start_up_imports_nothing_heavy(company):
    (company / "event.json").write_text(EVENT, "utf-8")
    assert not {name for name in imported(["--help"], company) if name.split(".")[0] in (*HEAVY, "yaml")}
    for arguments in (["check"], ["simulate", "event.json", "--format", "json"]):
        modules = imported(arguments, company)
        assert "engine.workshop" in modules
        assert not {name for name in modules if name in HEAVY}, arguments


def test_every_sentence_has_the_same_slots_in_both_languages():
    for key, (russian, english) in SENTENCES.items():
        slots = [set(re.findall(r"\{(\w+)\}", text)) for text in (russian, english)]
        if key != "bad_option":
            assert slots[0] == slots[1] or key in ("one_of", "whole_number"), key


@pytest.mark.parametrize(
    ("count", "what", "said"),
    [
        (1, "error", "1 ошибка"), (3, "error", "3 ошибки"), (5, "error", "5 ошибок"), (11, "error", "11 ошибок"),
        (21, "error", "21 ошибка"), (112, "warning", "112 предупреждений"), (2, "file", "2 файлах"),
        (1, "file", "1 файле"), (11, "file", "11 файлах"), (21, "file", "21 файле"),
    ],
)  # fmt: skip
def test_counts_in_russian(count, what, said):
    assert counted(count, what, "ru") == said


def test_the_program_runs_from_the_wheel_layout(tmp_path, run):
    """What is force-included under `engine/_shipped` is found there, not beside the package."""
    site = tmp_path / "site"
    shutil.copytree(ROOT / "engine", site / "engine", ignore=shutil.ignore_patterns("__pycache__"))
    shipped = site / "engine" / "_shipped"
    for name in ("plugins", "regulations"):
        shutil.copytree(ROOT / name, shipped / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "config.example.yaml", shipped)
    ran = run("plugins", env={"PYTHONPATH": str(site)})
    assert ran.code == 0
    assert "deal.move" in ran.out
    ran = run("check", env={"PYTHONPATH": str(site)})
    assert ran.code == 0
    assert "using the shipped example config and the shipped regulations" in ran.err
