"""The rest of the documentation: settings, commands, event files, README, links. What exists is walked."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from engine.cli import COMMANDS, main
from engine.cli.new_folder import ENVIRONMENT
from engine.decision import event_file, explain, plan
from engine.decision.event import Event
from engine.decision.event_file import read_event
from engine.decision.explain import Gate, RuleVerdict
from engine.decision.facts import Facts
from engine.decision.forms import effect_json, simulation_json, write_json
from engine.decision.simulation import Simulation, simulate
from engine.language.pages import list_codes
from engine.language.typenames import ENTITY_WORDS, SIMPLE_WORDS, SPECIAL_WORDS
from engine.language.types import FILE_PARTS, LINE_PARTS
from engine.language.world import BINDINGS
from engine.settings import _KEYS as SETTINGS
from engine.settings import Settings, environment, read_settings
from tests.docs.docs_case import DOCS, PAGES, ROOT, Block, blocks, codes, page, rows, settings, workshop

CONFIG, EVENTS = "config", "events"
README, RUSSIAN = ROOT / "README.md", ROOT / "README.ru.md"
_LINK = re.compile(r"!?\[[^\]\n]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"(?m)^#{1,6} (.+)$")
SHELL = [block for path in PAGES for block in blocks(path, "sh")]


# ── Settings ────────────────────────────────────────────────────────────────────────────────────────


def _joined_config() -> bytes:
    return "\n".join(block.text for block in blocks(CONFIG, "yaml")).encode()


def _read(tmp_path: Path, content: bytes) -> Settings:
    (tmp_path / "config.yaml").write_bytes(content)
    found, problems = read_settings(tmp_path / "config.yaml", {})
    assert found is not None, problems
    assert problems == []
    return found


def test_the_config_of_the_page_loads_and_names_every_key(tmp_path: Path) -> None:
    found = _read(tmp_path, _joined_config())
    assert set(found.world.entities) == {"deal", "act", "company", "user"}
    text = _joined_config().decode()
    for section, keys in SETTINGS.items():
        for key in keys:
            assert re.search(rf"(?m)^{'  ' if section else ''}{key}:", text), f"{section}.{key}"


def test_every_setting_has_a_row_and_no_other() -> None:
    real = {f"{section}.{key}" if section else key for section, keys in SETTINGS.items() for key in keys}
    sections = {key for key in SETTINGS if key} | {"map"}
    listed = {row["setting"] for row in rows(CONFIG, "setting", "by default")}
    own = {name for name in listed if name.startswith("plugins_settings.")}
    assert listed - own == real - sections
    assert own == _own_settings()


def _own_settings() -> set[str]:
    """What the shipped plugins ask of their own settings, as their files spell it."""
    found: set[str] = set()
    for file in sorted((ROOT / "plugins").glob("*.py")):
        text = file.read_text("utf-8")
        plugins = set(re.findall(r'setup\.own\.get\("(\w+)"\)', text))
        names = set(re.findall(r'(?<!setup\.)\bown\.get\("(\w+)"', text))
        found |= {f"plugins_settings.{plugin}.{name}" for plugin in plugins for name in names}
    return found


def test_the_defaults_are_those_of_the_code(tmp_path: Path) -> None:
    found = _read(tmp_path, b"map: {entities: {}}\n")
    real = {
        "company.time_zone": str(found.zone), "company.calendar": found.calendar, "company.language": found.language,
        "portal.shared_drive": found.shared_drive, "mail.host": found.mail.host, "mail.port": str(found.mail.port),
        "mail.security": found.mail.security, "documents.due": str(found.documents.due),
        "documents.prices_include_vat": str(found.documents.prices_include_vat).lower(),
        "listen.public": str(found.public), "listen.console": str(found.console),
    }  # fmt: skip
    listed = {row["setting"]: row["by default"] for row in rows(CONFIG, "setting", "by default")}
    assert {name: listed[name] for name in real} == real
    paths = {"regulations": str(found.regulations), "plugins": str(found.plugins), "state": found.state}
    assert {name: str((tmp_path / listed[name]).resolve()) for name in paths} == paths
    empty = (found.company, found.webhook_url, found.application_token, found.mail.user, found.mail.sender)
    assert set(empty) == {""}
    assert not any((found.documents.numbers, found.documents.last_given, found.documents.vat, found.own))
    assert found.documents.templates is None


def test_every_variable_is_explained() -> None:
    example = (ROOT / "config.example.yaml").read_text("utf-8")
    used = set(re.findall(r"\$\{([A-Z0-9_]+)", example))
    written = set(re.findall(r"(?m)^([A-Z0-9_]+)=", ENVIRONMENT))
    assert {row["variable"] for row in rows(CONFIG, "variable")} == used | written


def test_the_stand_ins_of_the_webhook_and_files_work(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("word\n", "utf-8")
    given = {
        "B24_DOMAIN": "p.example",
        "B24_WEBHOOK": "1/abc",
        "SMTP_PASSWORD_FILE": str(tmp_path / "secret"),
    }
    known = environment(tmp_path, given)
    assert known["BITRIX24_WEBHOOK_URL"] == "https://p.example/rest/1/abc/"
    assert known["SMTP_PASSWORD"] == "word"
    assert {"BITRIX24_WEBHOOK", *given} <= codes(CONFIG)


def test_every_place_and_type_of_a_field() -> None:
    assert {row["place"] for row in rows(CONFIG, "place")} == {*BINDINGS, "derive"}
    assert {*SIMPLE_WORDS, *ENTITY_WORDS, *SPECIAL_WORDS} - {"template"} <= codes(CONFIG)
    assert {"distinguish", "optional", "options", "title", "type_id", "category", "final"} <= codes(CONFIG)


# ── Commands ────────────────────────────────────────────────────────────────────────────────────────


@cache
def _commands() -> dict[str, click.Command]:
    """Every command that can be called, by its words."""
    found: dict[str, click.Command] = {}
    context = click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        found |= dict(_inside(f"engine {name}", command, context))
    return found


def _inside(name: str, command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield name, command
        return
    for inner in command.list_commands(context):
        found = command.get_command(context, inner)
        assert found is not None
        yield from _inside(f"{name} {inner}", found, context)


def _options(command: click.Command) -> set[str]:
    return {
        next(name for name in one.opts if name.startswith("--"))
        for one in command.params
        if isinstance(one, click.Option)
    }


def test_every_command_with_its_options() -> None:
    listed = {row["command"]: row["options"] for row in rows(CONFIG, "command", "options")}
    assert set(listed) == set(_commands())
    shared = _options(_commands()["engine init"])
    assert shared <= {word.split(" ")[0] for word in codes(CONFIG)}
    for name, command in _commands().items():
        assert set(re.findall(r"--[a-z-]+", listed[name])) == _options(command) - shared, name


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_a_shell_block_names_what_exists(block: Block) -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text("utf-8")))
    others = {"python3", "pip", "pytest", "cp", "cd", "pip-compile", "source"}
    asked = 0
    for line in block.text.replace("\\\n", " ").splitlines():
        for part in shlex.split(line, comments=True) and re.split(r"&&|;", line.split("  #")[0]):
            words = shlex.split(part, comments=True)
            program, *rest = [words[0].removeprefix(".venv/bin/"), *words[1:]]
            asked += 1
            if program == "engine":
                _check_call(rest)
            elif program == "make":
                assert set(rest) <= targets, part
            else:
                assert program in others, part
    assert asked


def _check_call(words: list[str]) -> None:
    name = next((name for name in _commands() if name.split()[1:] == words[: len(name.split()) - 1]), None)
    assert name is not None, words
    options = {option for one in _commands()[name].params for option in one.opts}
    assert {word for word in words if word.startswith("-")} <= options, words
    for word in words:
        assert not re.fullmatch(r"R\d{3}", word) or word in list_codes(), word
        assert not word.endswith(".json") or (ROOT / word).exists() or word == "EVENT.json", word


def test_prose_names_only_commands_that_exist() -> None:
    for path in PAGES:
        for text in codes(path):
            words = text.split()
            if len(words) > 1 and words[0] == "engine":
                known = {name.split()[1] for name in _commands()}
                assert words[1] in known, (path.name, text)


# ── Events ──────────────────────────────────────────────────────────────────────────────────────────


def _simulated(text: str) -> Simulation:
    given = read_event("page.json", text.encode(), settings().world, settings().zone, {})
    assert given.event is not None, given.diagnostics
    assert given.diagnostics == []
    shop = workshop()
    built = shop.build()
    assert built.edition is not None
    facts = Facts(
        settings().world, shop.derivations, shop.calendar, given.event.time, given.items, given.roots
    )
    return simulate(built.edition, given.event, facts)


@pytest.mark.parametrize("block", blocks(EVENTS, "json"), ids=str)
def test_an_event_of_the_page_can_be_simulated(block: Block) -> None:
    simulation = _simulated(block.text)
    assert simulation.verdicts


def test_every_key_of_the_event_file_stands_on_the_page() -> None:
    listed = [row["key"] for row in rows(EVENTS, "key", "what it is")]
    assert set(event_file._KEYS) <= set(listed)
    assert {*FILE_PARTS, *(name for name, _ in LINE_PARTS)} <= codes(EVENTS)
    assert f"{event_file.MAX_SIZE >> 20} MiB" in page(EVENTS)


def test_every_key_of_the_simulation_stands_on_the_page() -> None:
    simulation = _simulated(blocks(EVENTS, "json")[0].text)
    assert simulation.decision.changes, "the event of the page must lead to something"
    form = json.loads(write_json(simulation_json(simulation, "sha256:0", workshop().actions, {})))
    rule = next(one for one in form["rules"] if one["conditions"])
    parts = (form, form["portal"], form["verdict"], rule, rule["conditions"][0], form["plan"][0])
    assert {key for part in parts for key in part} <= codes(EVENTS)
    assert form["schema"] in codes(EVENTS)
    listed = {row["kind"]: row["the effect says"] for row in rows(EVENTS, "kind", "the effect says")}
    for step in simulation.decision.plan:
        for change in step.changes:
            said = next(text for kinds, text in listed.items() if change.kind in re.findall(r"\w+", kinds))
            assert set(effect_json(change, step)) - {"kind", "rule", "step"} == set(
                re.findall(r"`(\w+)`", f"`{said}`")
            ), change.kind


def test_every_outcome_and_status() -> None:
    outcomes = {explain.FIRED, explain.NOT_TRIGGERED, explain.CONDITION_FALSE, explain.UNDECIDED}
    outcomes |= {explain.DISABLED, explain.NOT_IN_FORCE, explain.CONFLICT}
    assert {row["outcome"] for row in rows(EVENTS, "outcome")} == outcomes
    statuses = {plan.PLANNED, plan.SKIPPED, plan.NO_OP, plan.UNDECIDED}
    assert {row["status"] for row in rows(EVENTS, "status")} == statuses
    assert {one.name for one in fields(Gate)} >= {"text", "result", "values", "reason", "otherwise"}
    assert {one.name for one in fields(RuleVerdict)} >= {"outcome", "gates"}
    assert {one.name for one in fields(Event)} >= {"before", "by", "depth", "cause"}


# ── README and links ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_resolve(path: Path) -> None:
    missing: list[str] = []
    for target in _LINK.findall(re.sub(r"(?ms)^```.*?^```$", "", page(path))):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = unquote(target).partition("#")
        found = (path.parent / file).resolve() if file else path
        if not found.exists():
            missing.append(target)
        elif anchor:
            assert anchor in _anchors(found), target
    pictures = [one for one in missing if (path.parent / one).resolve().is_relative_to(DOCS / "pictures")]
    assert [one for one in missing if one not in pictures] == []
    if pictures:
        pytest.skip(f"no picture yet: {', '.join(pictures)}")


def _anchors(path: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    found = set()
    for heading in _HEADING.findall(re.sub(r"(?ms)^```.*?^```$", "", page(path))):
        bare = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(bare.strip().replace(" ", "-"))
    return found


@pytest.mark.parametrize("path", [README, RUSSIAN], ids=lambda path: path.name)
def test_a_readme_is_short(path: Path) -> None:
    assert len(page(path).splitlines()) <= 150


def test_the_two_readmes_mirror_each_other() -> None:
    english, russian = page(README), page(RUSSIAN)
    assert len(_HEADING.findall(english)) == len(_HEADING.findall(russian))
    assert [_code(one) for one in blocks(README)] == [_code(one) for one in blocks(RUSSIAN)]
    one_way = {"README.md", "README.ru.md", "docs/language.md", "docs/language.ru.md"}
    assert set(_LINK.findall(english)) - one_way == set(_LINK.findall(russian)) - one_way
    table = [line.rsplit("|", 2)[1] for line in english.splitlines() if line.startswith("|")]
    assert table[2:] == [line.rsplit("|", 2)[1] for line in russian.splitlines() if line.startswith("|")][2:]


def _code(block: Block) -> list[str]:
    """A block without its comments, which are in the reader's language."""
    lines = [re.sub(r"(^|\s)#.*", "", line).rstrip() for line in block.text.splitlines()]
    return [line for line in lines if line]


def test_the_rule_of_the_readme_is_the_shipped_one() -> None:
    shipped = (ROOT / "regulations" / "acts.yaml").read_text("utf-8")
    for path in (README, RUSSIAN):
        text = blocks(path, "yaml")[0].text
        rule = re.search(r"- id: ([\w-]+)", text)
        assert rule is not None
        assert f"- id: {rule[1]}\n" in shipped


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_names_nothing_of_a_machine(path: Path) -> None:
    text = page(path)
    assert text.strip(), path.name
    assert not re.search(r"(?<![\w.])/(home|work|tmp|Users|root)/", text)
