"""The plugin guide: its plugins load, plan and work on the emulated portal; its signatures are those of the code."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

import engine
from engine import Action, Effect, effects, hooks
from engine.decision.edition import build_edition
from engine.decision.event import Event
from engine.decision.event_file import read_event
from engine.decision.facts import Facts
from engine.decision.simulation import Simulation, simulate
from engine.decision.step_facts import StepFacts
from engine.emulator import open_portal
from engine.emulator.company import demo_company, story
from engine.emulator.serve import PortalServer
from engine.host import ENTRY_POINTS, Host, find_plugins
from engine.language.load import load_regulation
from engine.language.typenames import ENTITY_WORDS, SIMPLE_WORDS, SPECIAL_WORDS, parse_type
from engine.language.types import LINE_PARTS
from engine.language.values import Item, Undecided, Value
from engine.portal.client import PortalClient
from engine.portal.contents import Contents
from engine.portal.gateway import Gateway
from engine.portal.map import PortalMap
from tests.docs.docs_case import ROOT, Block, blocks, codes, rows, settings, workshop
from tests.plugins.portal_case import EngineMethods

PAGE = "plugins"
EVENT = blocks("language", "json")[0].text
PYTHON = [*blocks(PAGE, "python"), *blocks(ROOT / "CONTRIBUTING.md", "python")]
PLUGINS = [block for block in PYTHON if "@hookimpl" in block.text]
SIGNATURES = [block for block in PYTHON if "@hookimpl" not in block.text]


def _host(folder: Path, *texts: str) -> Host:
    for number, text in enumerate(texts):
        (folder / f"page{number}.py").write_text(text, "utf-8")
    return find_plugins([ROOT / "plugins", folder], workshop().setup, with_installed=False)


def _own(host: Host) -> list[Action]:
    return [action for plugin in host.plugins if plugin.name.startswith("page") for action in plugin.actions]


@pytest.mark.parametrize("block", PLUGINS, ids=str)
def test_a_plugin_of_the_page_loads(block: Block, tmp_path: Path) -> None:
    host = _host(tmp_path, block.text)
    assert host.diagnostics == ()
    assert _own(host) or host.received


@pytest.mark.parametrize("block", [one for one in PLUGINS if "reglament_actions" in one.text], ids=str)
def test_its_example_plans_through_simulate(block: Block, tmp_path: Path) -> None:
    host = _host(tmp_path, block.text)
    for action in _own(host):
        text = "ruleset: page\nrules:\n  - id: one\n    triggers: [{filled: act.scan}]\n    actions:\n"
        text += "".join(f"      {line}\n" for line in action.example.splitlines())
        simulation = _simulate(host, text, EVENT)
        assert [step.status for step in simulation.decision.plan] == ["planned"]
        changes = simulation.decision.changes
        assert {change.kind for change in changes} == set(action.kinds)
        assert all("undecided" not in str(change) for change in changes)


def _facts(host: Host, event: str) -> tuple[Event, Facts]:
    shop = workshop()
    given = read_event("event.json", event.encode(), settings().world, settings().zone, host.received)
    assert given.event is not None, given.diagnostics
    return given.event, Facts(
        settings().world, shop.derivations, shop.calendar, given.event.time, given.items, given.roots
    )


def _simulate(host: Host, text: str, event: str) -> Simulation:
    shop, world = workshop(), settings().world
    sets, found = load_regulation(
        {"page.yaml": text.encode()}, world, host.actions, {}, received=host.received
    )
    assert not any(one.is_error for one in found), found
    edition = build_edition(sets, host.actions, world, shop.derivations, shop.calendar, {})
    return simulate(edition, *_facts(host, event))


def _rule_set(rule: str) -> str:
    return "ruleset: page\nrules:\n" + "".join(f"  {line}" for line in rule.splitlines(keepends=True))


@pytest.mark.parametrize("block", blocks(PAGE, "yaml"), ids=str)
def test_a_rule_of_the_page_loads_with_its_plugins(block: Block, tmp_path: Path) -> None:
    texts = [one.text for one in PLUGINS if one.page == PAGE]
    host = _host(tmp_path, *texts)
    sets, found = load_regulation(
        {"page.yaml": _rule_set(block.text).encode()},
        settings().world,
        host.actions,
        {},
        received=host.received,
    )
    assert [one for one in found if one.is_error] == []
    assert sets[0].rules


def test_the_complete_plugin_works_on_a_portal(tmp_path: Path) -> None:
    text = next(one.text for one in PLUGINS if "verify" in one.text)
    with (
        open_portal(None, demo_company()) as portal,
        PortalServer(portal) as server,
        PortalClient(server.webhook_url) as client,
    ):
        setup = replace(
            workshop().setup, map=PortalMap(settings().world, server.url, "common", settings().zone)
        )
        (tmp_path / "page.py").write_text(text, "utf-8")
        action = _own(find_plugins([tmp_path], setup, with_installed=False))[0]
        methods = EngineMethods(key="key")
        gateway = Gateway(client, Contents(client, tmp_path / "files"), methods)
        params: dict[str, Value] = {"item": Item("deal", str(story.DEAL_FRESH)), "text": "Скан проверен"}
        effect = action.effect(params, StepFacts(_facts(workshop().host, EVENT)[1], {}))
        assert isinstance(effect, Effect)
        assert gateway.drive(action.probe("key", effect)) is None
        result = gateway.drive(action.commands(effect))
        assert gateway.drive(action.verify(effect, result)) == ()
        assert gateway.drive(action.probe("key", effect)) == result
        assert isinstance(gateway.drive(action.probe("another", effect)), Undecided)
        altered = replace(effect, params={**effect.params, "text": "другое"})
        assert [one.found for one in gateway.drive(action.verify(altered, result))] == ["Скан проверен"]


def _declared() -> Iterator[tuple[str, ast.ClassDef | ast.FunctionDef]]:
    for block in SIGNATURES:
        for node in ast.parse(block.text).body:
            assert isinstance(node, ast.ClassDef | ast.FunctionDef), block
            yield node.name, node


DECLARED = dict(_declared())


@pytest.mark.parametrize("name", DECLARED)
def test_a_signature_is_that_of_the_code(name: str) -> None:
    node = DECLARED[name]
    real = PortalMap if name == "PortalMap" else getattr(engine, name)
    if isinstance(node, ast.FunctionDef):
        assert _written(node) == _real(real)
        return
    functions = [one for one in node.body if isinstance(one, ast.FunctionDef)]
    for one in functions:
        found = inspect.getattr_static(real, one.name)
        getter = found.fget if isinstance(found, property) else found
        assert callable(getter)
        assert _written(one) == _real(getter), one.name
    if functions:
        public = {key for key, value in vars(real).items() if _is_method(key, value)}
        assert {one.name for one in functions} == public
    else:
        assert _attributes(node) == [
            (one.name, ast.unparse(ast.parse(str(one.type))), not _is_required(one))
            for one in dataclasses.fields(real)
        ]


def _is_method(name: str, value: object) -> bool:
    return not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, property))


def _is_required(one: dataclasses.Field[Any]) -> bool:
    return one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING


def _attributes(node: ast.ClassDef) -> list[tuple[str, str, bool]]:
    return [
        (ast.unparse(one.target), ast.unparse(one.annotation), one.value is not None)
        for one in node.body
        if isinstance(one, ast.AnnAssign)
    ]


def _written(node: ast.FunctionDef) -> str:
    assert node.returns is not None
    return f"({ast.unparse(node.args)}) -> {ast.unparse(node.returns)}"


class _Annotation(str):
    """An annotation as the code spells it: `inspect` shows a plain string in quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _real(function: Callable[..., object]) -> str:
    signature = inspect.signature(function)
    spelt = signature.replace(
        parameters=[
            one if one.annotation is one.empty else one.replace(annotation=_Annotation(one.annotation))
            for one in signature.parameters.values()
        ],
        return_annotation=_Annotation(signature.return_annotation),
    )
    node = ast.parse(f"def function{spelt}: ...").body[0]
    assert isinstance(node, ast.FunctionDef)
    return _written(node)


def test_the_defaults_of_the_data_classes() -> None:
    for name, node in DECLARED.items():
        if name == "PortalMap" or not dataclasses.is_dataclass(getattr(engine, name)):
            continue
        real = {one.name: one.default for one in dataclasses.fields(getattr(engine, name))}
        for one in node.body:
            if isinstance(one, ast.AnnAssign) and one.value is not None:
                written = ast.unparse(one.value)
                if not written.startswith("field("):
                    assert written == repr(real[ast.unparse(one.target)]), (name, ast.unparse(one.target))


def test_every_name_of_the_public_door_stands_on_the_page() -> None:
    known = codes(PAGE) | set(DECLARED)
    assert [name for name in engine.__all__ if name not in known and name != "hookimpl"] == []


def test_every_part_attribute_and_hook() -> None:
    methods = {name for name, value in vars(Action).items() if _is_method(name, value)}
    assert {row["part"] for row in rows(PAGE, "part", "by default")} == methods
    attributes = {name for name in Action.__annotations__ if not name.startswith("_")}
    assert {row["attribute"] for row in rows(PAGE, "attribute")} == attributes
    supplied = {name for name, one in vars(hooks).items() if name.startswith("reglament_") and callable(one)}
    assert {row["hook"] for row in rows(PAGE, "hook")} == supplied


def test_every_kind_of_change_with_its_fields() -> None:
    classes = get_args(effects.Change)
    assert len(classes) > 5
    real = {
        one.kind: f"{one.__name__}({', '.join(part.name for part in dataclasses.fields(one))})"
        for one in classes
    }
    assert {row["kind"]: row["class"] for row in rows(PAGE, "kind", "class")} == real


def test_every_parameter_type() -> None:
    cells = [row["type"] for row in rows(PAGE, "type", "in Python")]
    written = {word for cell in cells for word in (re.findall(r"`([^`]+)`", cell) if "`" in cell else [cell])}
    assert {*SIMPLE_WORDS, *SPECIAL_WORDS} <= written
    forms = {re.sub(r" of .*", " of", word) for word in written}
    used = {param.type for action in workshop().actions.values() for param in action.parameters.values()}
    for one in used:
        is_entity = one in settings().world.entities
        assert is_entity or one in written or re.sub(r" of .*", " of", one) in forms, one
    assert {f"{word} of" for word in ENTITY_WORDS if word != "choice"} <= forms
    for word in written:
        if " of " in word and "…" not in word:
            assert parse_type(word, settings().world) is not None, word
    assert {name for name, _ in LINE_PARTS} <= codes(PAGE)


def test_the_engine_s_own_methods() -> None:
    doc = inspect.getdoc(engine.Command) or ""
    named = set(re.findall(r"`(engine\.[a-z.]+[a-z])`", doc))
    assert named
    assert named <= codes(PAGE)


def test_the_entry_point_is_named_as_in_the_code() -> None:
    assert any(f'"{ENTRY_POINTS}"' in block.text for block in blocks(PAGE, "toml"))


def test_the_event_of_a_plugin_wakes_its_rule(tmp_path: Path) -> None:
    texts = [one.text for one in PLUGINS if "reglament_events" in one.text]
    host = _host(tmp_path, *texts)
    rule = next(block.text for block in blocks(PAGE, "yaml") if "received:" in block.text)
    event = {
        "event": "bank.payment", "time": "2026-03-17T10:00:00+03:00",
        "facts": {"payment": {"amount": 100, "purpose": "Счёт 7"}, "deal": {"id": 1, "manager": {"id": 7}}},
    }  # fmt: skip
    changes = _simulate(host, _rule_set(rule), json.dumps(event)).decision.changes
    assert [str(one.text) for one in changes if isinstance(one, engine.NoticeChange)] == ["Платёж: Счёт 7"]
