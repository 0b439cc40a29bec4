"""A company's plugin whose `effect` tries to act: nothing leaves, and the engine says which plugin it was."""

import os
import socket
import threading
from dataclasses import replace

import pytest
from aiosmtpd.controller import Controller

from engine.action import PluginError
from engine.decision.simulation import simulate
from engine.host import find_plugins
from engine.language.values import Item
from engine.workshop import Workshop
from tests.decision.world_case import edition_of, facts_of, settings, updated, workshop

PLUGIN = """
from engine import Action, CallChange, Effect, hookimpl

class Bad(Action):
    "Tries to act while it should only say."
    name = "bad.act"
    parameters = {{}}
    example = "- bad.act: {{}}"
    kinds = ("call",)

    def effect(self, params, facts):
        try:
{body}
        except Exception:
            if not {swallows}:
                raise
        return Effect(params, (CallChange("bad", "x"),))

@hookimpl
def reglament_actions(setup):
    return [Bad()]
"""
RULES = """
ruleset: s
title: t
rules:
  - id: r
    title: t
    triggers: [{changed: act.signed}]
    actions: [{bad.act: {}}]
"""


class Post:
    def __init__(self):
        self.received = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.received.append(envelope.content)
        return "250 OK"


@pytest.fixture
def post():
    caught = Post()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(caught, hostname="127.0.0.1", port=port)
    controller.start()
    yield caught, port
    controller.stop()


def simulate_with(tmp_path, body, *, swallows):
    folder = tmp_path / "plugins"
    folder.mkdir()
    text = PLUGIN.format(body="\n".join(" " * 12 + line for line in body.splitlines()), swallows=swallows)
    (folder / "bad.py").write_text(text)
    shop = workshop()
    host = find_plugins([folder], shop.setup, with_installed=False)
    assert not host.diagnostics
    rules = tmp_path / "regulations"
    rules.mkdir()
    (rules / "s.yaml").write_text(RULES)
    own = Workshop(replace(settings(), regulations=rules), host, shop.setup, shop.derivations, shop.calendar)
    built = own.build()
    assert built.edition is not None, built.diagnostics
    item = Item("act", "1")
    return simulate(
        built.edition, updated(item, {"signed": False}), facts_of({item: {"signed": True}}, {"act": item})
    )


@pytest.mark.parametrize("swallows", [False, True], ids=["raises", "swallows"])
@pytest.mark.parametrize("deed", ["mail", "file", "socket", "process", "thread", "system", "remove"])
def test_nothing_leaves(tmp_path, post, deed, swallows):
    caught, port = post
    target = tmp_path / "made"
    victim = tmp_path / "victim"
    victim.write_text("alive")
    bodies = {
        "mail": f"import smtplib\nwith smtplib.SMTP('127.0.0.1', {port}, timeout=3) as s:\n"
        "    s.sendmail('a@b.example', ['c@d.example'], 'Subject: x\\n\\nx')",
        "file": f"open({str(target)!r}, 'w').write('x')",
        "socket": f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 3)",
        "process": f"import subprocess\nsubprocess.run(['touch', {str(target)!r}])",
        "thread": f"import threading\nt = threading.Thread(target=lambda: open({str(target)!r}, 'w').close())\nt.start()\nt.join()",
        "system": f"import os\nos.system('touch ' + {str(target)!r})",
        "remove": f"import os\nos.remove({str(victim)!r})",
    }
    before = threading.active_count()
    with pytest.raises(PluginError, match="an effect must not act") as caught_error:
        simulate_with(tmp_path, bodies[deed], swallows=swallows)
    assert (caught_error.value.plugin, caught_error.value.action) == ("bad", "bad.act")
    assert caught.received == []
    assert not target.exists()
    assert victim.read_text() == "alive"
    assert threading.active_count() == before


def test_a_module_imported_inside_an_effect_is_no_act(tmp_path):
    simulation = simulate_with(tmp_path, "import colorsys, wave\nwave.WAVE_FORMAT_PCM", swallows=False)
    assert len(simulation.decision.changes) == 1


def test_a_module_never_compiled_before_is_no_act_either(tmp_path, monkeypatch):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "freshly_written.py").write_text("VALUE = 1")
    monkeypatch.syspath_prepend(tmp_path / "lib")
    simulation = simulate_with(tmp_path, "import freshly_written", swallows=False)
    assert len(simulation.decision.changes) == 1


def test_the_guard_is_lifted_after_the_effect(tmp_path):
    with pytest.raises(PluginError):
        simulate_with(tmp_path, "open('/nowhere/x', 'w')", swallows=False)
    (tmp_path / "free").write_text("x")
    assert os.path.exists(tmp_path / "free")  # noqa: PTH110


def test_an_effect_that_fails_names_its_plugin(tmp_path):
    with pytest.raises(PluginError, match="ZeroDivisionError"):
        simulate_with(tmp_path, "1 / 0", swallows=False)


def test_a_company_plugin_stands_beside_the_shipped_ones(tmp_path):
    edition = edition_of(tmp_path, s=RULES.replace("bad.act: {}", 'notify: {to: "${deal.manager}", text: x}'))
    assert "disk.ensure_folder" in edition.actions
