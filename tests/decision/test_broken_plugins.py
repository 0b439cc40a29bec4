"""A plugin that breaks its promise ends its own run or is missing, by name; the engine and other plugins go on."""

import pytest

from engine.action import PluginError
from engine.host import find_plugins
from tests.decision.test_guard import simulate_with
from tests.decision.world_case import workshop

GOOD = """
from engine import Action, Effect, hookimpl

class Fine(Action):
    "Does nothing."
    name = "fine.act"
    parameters = {}
    example = "- fine.act: {}"

    def effect(self, params, facts):
        return Effect(params)

@hookimpl
def reglament_actions(setup):
    return [Fine()]
"""


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def again():\n    return again()\nagain()", "RecursionError"),
        ("return None", "effect returned NoneType, no Effect"),
        ("return 'done'", "effect returned str, no Effect"),
        ("yield 1", "effect returned generator, no Effect"),
        ("import no_such_module", "ModuleNotFoundError"),
    ],
)
def test_an_effect_that_breaks_its_promise_ends_its_run(tmp_path, body, what):
    with pytest.raises(PluginError, match=what) as caught:
        simulate_with(tmp_path, body, swallows=False)
    assert (caught.value.plugin, caught.value.action) == ("bad", "bad.act")


def test_a_module_file_is_not_written_either(tmp_path):
    target = tmp_path / "written.py"
    body = f"import os\nos.close(os.open({str(target)!r}, os.O_WRONLY | os.O_CREAT))"
    with pytest.raises(PluginError, match="an effect must not act"):
        simulate_with(tmp_path, body, swallows=True)
    assert not target.exists()


@pytest.mark.parametrize(
    ("text", "code", "what"),
    [
        ("import sys\nsys.exit('bye')\n", "R340", "SystemExit: bye"),
        ("def broken(:\n", "R340", "SyntaxError"),
        ("import no_such_module\n", "R340", "ModuleNotFoundError"),
        ("1 / 0\n", "R340", "ZeroDivisionError"),
        (GOOD.replace("[Fine()]", "sys.exit()").replace("from engine", "import sys\nfrom engine"), "R340", "SystemExit"),
        (GOOD.replace("[Fine()]", "5"), "R340", "TypeError"),
        (GOOD.replace("[Fine()]", "['fine.act']"), "R341", "is not an engine.Action"),
        (GOOD.replace("    example = ", "    # "), "R341", "has no example"),
        (GOOD.replace('"fine.act"', '"Fine act"'), "R341", "is not a name"),
        (GOOD.replace("def reglament_actions", "def reglament_action"), "R340", "unknown hook"),
    ],
    ids=["exits", "syntax", "import", "raises", "hook exits", "no list", "no action", "no example", "bad name", "misspelt"],
)  # fmt: skip
def test_a_file_that_does_not_load_is_a_diagnostic_and_the_others_load(tmp_path, text, code, what):
    (tmp_path / "bad.py").write_text(text, encoding="utf-8")
    (tmp_path / "good.py").write_text(GOOD.replace("fine.act", "other.act"), encoding="utf-8")
    host = find_plugins([tmp_path], workshop().setup, with_installed=False)
    assert [(one.code, one.values["plugin"]) for one in host.diagnostics] == [(code, "bad")]
    assert what in host.diagnostics[0].values["what"]
    assert host.diagnostics[0].span.file == str(tmp_path / "bad.py")
    assert list(host.actions) == ["other.act"]


def test_two_plugins_with_one_action_name_are_an_error_that_names_both(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text(GOOD, encoding="utf-8")
    host = find_plugins([tmp_path], workshop().setup, with_installed=False)
    found = host.diagnostics[0]
    assert (found.code, found.is_error) == ("R342", True)
    assert (found.values["plugin"], found.values["other"], found.values["action"]) == (
        "two",
        "one",
        "fine.act",
    )
