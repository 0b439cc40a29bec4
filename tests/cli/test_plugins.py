"""`engine plugins`, and a company's own plugins beside its config: good, broken, misspelt, doubled."""

from __future__ import annotations

import importlib.util
import json
import re

import pytest

from engine.cli.new_folder import PLUGINS_README
from tests.cli.conftest import ROOT, RULES

GREET = re.search(r"```python\n(.*?)```", PLUGINS_README, re.DOTALL)[1]


@pytest.fixture
def plugin(company):
    """Drop a plugin file into the company's folder."""
    (company / "plugins").mkdir()

    def drop(text, name="greet.py"):
        (company / "plugins" / name).write_text(text, "utf-8")

    return drop


def shipped_names() -> set[str]:
    """The action names as the plugin files themselves spell them."""
    texts = [file.read_text("utf-8") for file in sorted((ROOT / "plugins").glob("*.py"))]
    return {
        name
        for text in texts
        for name in re.findall(r'^    name(?:: ClassVar\[str\])? = "([a-z_.]+)"', text, re.MULTILINE)
    }


def test_names_every_action_with_parameters_and_example(run):
    ran = run("plugins")
    assert ran.code == 0
    names = shipped_names()
    assert names >= {"deal.move", "disk.ensure_folder", "field.set", "notify"}
    assert set(re.findall(r"(?m)^  ([a-z_.]+)(?: → .*)?$", ran.out)) == names
    assert ran.out.count("example:") == len(names)


def test_json(run):
    ran = run("plugins", "--format", "json")
    form = json.loads(ran.out)
    actions = {action["name"]: action for plugin in form["plugins"] for action in plugin["actions"]}
    assert set(actions) == shipped_names()
    assert actions["deal.move"]["parameters"]["stage"] == {
        "type": "stage of deal",
        "doc": actions["deal.move"]["parameters"]["stage"]["doc"],
        "required": True,
    }
    assert all(action["doc"] and action["example"] for action in actions.values())
    assert all(one["doc"] for action in actions.values() for one in action["parameters"].values())


def test_a_plugin_beside_the_config_works(run, company, plugin):
    plugin(GREET)
    rules = RULES.replace(
        'notify: {to: "${deal.manager}", text: "В работе: ${deal.title}"}',
        'greet.say: {to: "${deal.manager.name}"}',
    )
    (company / "regulations" / "acts.yaml").write_text(rules, "utf-8")
    assert run("check", cwd=company).code == 0
    listed = run("plugins", cwd=company)
    assert "greet.say" in listed.out
    assert "deal.move" in listed.out
    assert "(plugins/greet.py)" in listed.out
    (company / "event.json").write_text(
        '{"event": "deal.updated", "item": "deal/1", "time": "2026-03-14T10:00:00+03:00", "before": {"stage": "new"},'
        '"facts": {"deal": {"id": 1, "stage": "in_work", "pipeline": "customisation",'
        '"manager": {"id": 5, "name": "Мария"}}}}',
        "utf-8",
    )
    simulated = json.loads(run("simulate", "event.json", "--format", "json", cwd=company).out)
    assert [(one["kind"], one["what"]) for one in simulated["effects"]] == [("call", "Здоровается: Мария")]


BROKEN = {
    "syntax": ("from engine import hookimpl\n\ndef (:\n", 3, "SyntaxError"),
    "import": ("import nothing_of_this_name\n", 1, "ModuleNotFoundError"),
    "at-load": ("x = 1\n\ny = x / 0\n", 3, "ZeroDivisionError"),
    "in-hook": (
        "from engine import hookimpl\n\n@hookimpl\ndef reglament_actions(setup):\n    return setup.nothing\n",
        5,
        "AttributeError",
    ),
    "misspelt-hook": (
        "from engine import hookimpl\n\n@hookimpl\ndef reglament_action(setup):\n    return []\n",
        1,
        "reglament_action",
    ),
    "not-a-list": (
        "from engine import hookimpl\n\n@hookimpl\ndef reglament_actions(setup):\n    return 5\n",
        1,
        "TypeError",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_is_a_diagnostic_with_a_place_and_the_rest_goes_on(run, company, plugin, case):
    text, line, what = BROKEN[case]
    plugin(text, "bad.py")
    plugin(GREET)
    ran = run("check", cwd=company)
    assert ran.code == 1
    assert re.search(
        rf"(?m)^plugins/bad\.py:{line}:\d+: error\[R340\]: the plugin `bad` did not load: ", ran.out
    )
    assert what in ran.out
    assert ran.is_plain
    listed = run("plugins", cwd=company)
    assert listed.code == 1
    assert "greet.say" in listed.out
    assert "deal.move" in listed.out
    assert "R340" in listed.err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('"greet.say"', '"Greet Say"'), "`Greet Say` is not a name"),
        (("    parameters = ", "    params = "), "has no parameters"),
        (("return [Greet()]", "return [Greet]"), "is not an engine.Action"),
    ],
)
def test_a_bad_action(run, company, plugin, change, said):
    plugin(GREET.replace(*change))
    ran = run("check", cwd=company)
    assert ran.code == 1
    assert "plugins/greet.py:1:1: error[R341]: the plugin `greet` supplied a bad action: " in ran.out
    assert said in ran.out


def test_two_plugins_with_one_action_are_an_error_naming_both(run, company, plugin):
    plugin(GREET.replace('"greet.say"', '"deal.move"'))
    ran = run("check", cwd=company)
    assert ran.code == 1
    assert "error[R342]: two plugins supply the action `deal.move`: `deal` and `greet`" in ran.out


def test_a_plugin_that_is_not_text(run, company, plugin):
    plugin("")
    (company / "plugins" / "bad.py").write_bytes(b"\xff\xfe\x00\x01")
    ran = run("check", cwd=company)
    assert ran.code == 1
    assert "plugins/bad.py:1:1: error[R340]" in ran.out
    assert ran.is_plain


def test_the_readme_of_a_new_folder_shows_a_plugin_that_loads():
    spec = importlib.util.spec_from_loader("greet_of_readme", loader=None)
    module = importlib.util.module_from_spec(spec)
    exec(compile(GREET, "greet.py", "exec"), module.__dict__)
    assert [action.name for action in module.reglament_actions(None)] == ["greet.say"]
