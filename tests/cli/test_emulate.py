"""`engine emulate` over real HTTP: contents, state, limits, a taken port, a clean stop."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import httpx

from tests.cli.conftest import environment


@contextmanager
def emulating(cwd, *arguments, stop=signal.SIGINT):
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", "emulate", "--port", "0", *arguments],
        cwd=cwd, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    try:
        line = process.stdout.readline()
        found = re.search(r"webhook: (\S+)", line)
        assert found, line + process.stderr.read()
        yield found[1]
        process.send_signal(stop)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 0, err
        assert err == "Stopped.\n"
        assert out == ""
    finally:
        if process.poll() is None:
            process.kill()
        process.stdout.close()
        process.stderr.close()


def ask(webhook, method, **params):
    return httpx.post(f"{webhook}{method}", json=params, timeout=30).json()


def test_demo_and_empty(tmp_path):
    with emulating(tmp_path) as webhook:
        assert ask(webhook, "crm.deal.list")["total"] > 0
    with emulating(tmp_path, "--company", "empty", stop=signal.SIGTERM) as webhook:
        assert ask(webhook, "crm.deal.list")["total"] == 0


def test_state_survives(tmp_path):
    arguments = ("--company", "empty", "--state", "portal.db")
    with emulating(tmp_path, *arguments) as webhook:
        number = ask(webhook, "crm.deal.add", fields={"TITLE": "Сделка"})["result"]
    with emulating(tmp_path, *arguments) as webhook:
        assert ask(webhook, "crm.deal.get", id=number)["result"]["TITLE"] == "Сделка"


def test_a_taken_port_and_a_foreign_state_file_are_one_line(run, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ran = run("emulate", "--port", taken.getsockname()[1])
    assert (ran.code, ran.is_plain) == (1, True)
    assert "is taken by another program" in ran.err
    (tmp_path / "x.db").write_text("это не база данных, а текст подлиннее ста знаков " * 5, "utf-8")
    ran = run("emulate", "--state", "x.db", "--lang", "ru")
    assert (ran.code, ran.is_plain) == (1, True)
    assert "x.db: это не файл состояния эмулятора" in ran.err
