"""`engine emulate` as a process, over real HTTP and HTTPS: every option, a taken port, a clean stop."""

from __future__ import annotations

import re
import signal
import socket
import ssl
import subprocess
import sys
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

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
        if "--tls" in arguments:
            line = process.stdout.readline()
            trusted = re.search(r"CA certificate: (\S+)", line)
            assert trusted, line
            yield found[1], Path(trusted[1])
        else:
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


def trusting(ca):
    return httpx.Client(verify=ssl.create_default_context(cafile=str(ca)), trust_env=False, timeout=30)


def test_tls_by_a_certificate_authority_of_its_own(tmp_path):
    with emulating(tmp_path, "--tls") as (webhook, ca):
        assert webhook.startswith("https://127.0.0.1:")
        with trusting(ca) as client:
            assert client.post(f"{webhook}crm.deal.list").json()["total"] > 0
            files = client.post(f"{webhook}disk.storage.getchildren", json={"id": 1}).json()["result"]
            assert files[0]["DETAIL_URL"].startswith(webhook.partition("/rest/")[0])
        with (
            httpx.Client(trust_env=False) as stranger,
            pytest.raises(httpx.ConnectError, match="CERTIFICATE"),
        ):
            stranger.post(f"{webhook}profile")
    # Nobody else's to keep: it ends with the portal.
    assert not ca.exists()


def test_where_the_authority_is_written(tmp_path):
    arguments = ("--company", "empty", "--tls")
    with emulating(tmp_path, *arguments, "--ca", "here.pem") as (_, ca):
        assert ca == tmp_path / "here.pem"
    with emulating(tmp_path, *arguments, "--state", "portal.db") as (webhook, ca):
        assert ca == tmp_path / "portal.db.ca.pem"
        assert "PRIVATE KEY" not in ca.read_text("ascii")
        with (
            trusting(tmp_path / "here.pem") as client,
            pytest.raises(httpx.ConnectError, match="CERTIFICATE"),
        ):
            client.post(f"{webhook}profile")


def test_limits(tmp_path):
    def statuses(webhook):
        with httpx.Client(trust_env=False, timeout=30) as client:
            return [client.get(f"{webhook}server.time").status_code for _ in range(60)]

    with emulating(tmp_path, "--company", "empty") as webhook:
        assert 503 in statuses(webhook)
    with emulating(tmp_path, "--company", "empty", "--limits", "off") as webhook:
        assert set(statuses(webhook)) == {200}


def test_faults(tmp_path, run):
    plan = tmp_path / "faults.yaml"
    plan.write_text("calls:\n  - {fault: 500, method: crm.deal.list, times: 1}\n", "utf-8")
    with emulating(tmp_path, "--faults", "faults.yaml") as webhook:
        assert ask(webhook, "crm.deal.list")["error"] == "INTERNAL_SERVER_ERROR"
        assert ask(webhook, "crm.deal.list")["total"] > 0
    plan.write_text("calls:\n  - {fault: 500, methd: crm.deal.list, times: 1}\n", "utf-8")
    ran = run("emulate", "--faults", "faults.yaml")
    assert (ran.code, ran.is_plain) == (1, True)
    assert "faults.yaml:2:18" in ran.err


def clock_of(webhook):
    return datetime.fromisoformat(ask(webhook, "server.time")["result"])


def test_policies(tmp_path, run):
    with emulating(tmp_path, "--policy", "stage_history=text", "--policy", "shared_drive=files") as webhook:
        rows = ask(webhook, "disk.storage.getList", filter={"ENTITY_TYPE": "common"})["result"]
        assert [row["ENTITY_ID"] for row in rows] == ["files"]
        demo = webhook.partition("/rest/")[0] + "/_demo/policies"
        assert httpx.get(demo).json()["stage_history"] == "text"
    for text, said in (
        ("stage_history", "NAME=VALUE"),
        ("x=y", "stage_history"),
        ("stage_history=z", "numbers, text"),
    ):
        found = run("emulate", "--policy", text)
        assert found.code != 0
        assert said in found.err


def test_clock(tmp_path):
    with emulating(tmp_path) as webhook:
        assert clock_of(webhook).date().isoformat() == "2026-03-16"
    with emulating(tmp_path, "--clock", "real") as webhook:
        assert abs(clock_of(webhook) - datetime.now().astimezone()) < timedelta(seconds=30)
    # Without an offset it is the portal's own time.
    with emulating(tmp_path, "--clock", "2027-01-31T23:59:00") as webhook:
        late = clock_of(webhook) - datetime.fromisoformat("2027-01-31T23:59:00+03:00")
        assert timedelta(0) <= late < timedelta(seconds=30)
        root = webhook.partition("/rest/")[0]
        httpx.post(f"{root}/_demo/clock", json={"advance": 86400}, timeout=30)
        assert clock_of(webhook).date().isoformat() == "2027-02-01"


def test_a_clock_that_is_none_or_goes_back(tmp_path, run):
    ran = run("emulate", "--clock", "вчера", "--lang", "ru")
    assert (ran.code, ran.is_plain) == (2, True)
    assert "--clock: вчера — не время" in ran.err
    state = ("--company", "empty", "--state", "portal.db")
    with emulating(tmp_path, *state, "--clock", "2027-01-31T23:59:00"):
        pass
    ran = run("emulate", *state, "--clock", "2027-01-31T10:00:00")
    assert (ran.code, ran.is_plain) == (1, True)
    assert "has shown 2027-01-31T23:59:0" in ran.err
    with emulating(tmp_path, *state, "--clock", "2027-02-28T10:00:00+03:00") as webhook:
        assert clock_of(webhook).date().isoformat() == "2027-02-28"


def test_an_authority_without_tls_is_a_mistake(run):
    ran = run("emulate", "--ca", "ca.pem")
    assert (ran.code, ran.is_plain) == (2, True)
    assert "--ca goes with --tls only" in ran.err


def test_tls_without_its_library_says_how_to_get_it(run, tmp_path):
    # The extra is absent where its module cannot be imported.
    (tmp_path / "trustme.py").write_text("raise ImportError\n", "utf-8")
    ran = run("emulate", "--tls", env={"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"})
    assert (ran.code, ran.is_plain) == (1, True)
    assert "pip install 'reglament[tls]'" in ran.err


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
