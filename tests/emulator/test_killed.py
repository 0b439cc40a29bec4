"""The twin as a process of its own: killed at any moment it keeps every change it has answered."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def twin(folder, *arguments):
    """The webhook and the process of an emulator over `folder`'s state; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", "emulate", "--port", "0", "--company", "empty", "--limits", "off",
         "--state", str(folder / "portal.db"), *map(str, arguments)],
        cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    try:
        found = re.search(r"webhook: (\S+)|вебхук: (\S+)", process.stdout.readline())
        yield (found[1] or found[2]), process
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


def ask(webhook, method, **params):
    return httpx.post(webhook + method, json=params, timeout=20, trust_env=False).json()["result"]


@pytest.mark.timeout(60)
def test_every_answered_change_outlives_a_kill(tmp_path):
    answered = []

    def write(webhook):
        with httpx.Client(trust_env=False) as http:
            try:
                for number in range(100_000):
                    title = f"Сделка {number}"
                    found = http.post(webhook + "crm.deal.add", json={"fields": {"TITLE": title}}).json()
                    answered.append((str(found["result"]), title))
            except httpx.TransportError:
                return

    with twin(tmp_path) as (webhook, process):
        thread = threading.Thread(target=write, args=(webhook,))
        thread.start()
        while len(answered) < 150:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        thread.join(20)
    with twin(tmp_path) as (webhook, _):
        found, last = {}, 0
        while part := ask(webhook, "crm.deal.list", filter={">ID": last}, order={"ID": "ASC"}, start=-1):
            found |= {row["ID"]: row["TITLE"] for row in part}
            last = part[-1]["ID"]
        # At most the one under way was carried out and not answered.
        assert dict(answered).items() <= found.items()
        assert len(found) - len(answered) in (0, 1)
        fresh = ask(webhook, "crm.deal.add", fields={"TITLE": "после"})
        assert fresh == int(last) + 1


@pytest.mark.timeout(60)
def test_its_clock_never_goes_back(tmp_path):
    with twin(tmp_path) as (webhook, _):
        demo = webhook.split("/rest/")[0] + "/_demo/clock"
        httpx.post(demo, json={"advance": 7200}, trust_env=False)
        time.sleep(1.5)
        before = ask(webhook, "server.time")
    with twin(tmp_path) as (webhook, _):
        assert ask(webhook, "server.time") >= before


@pytest.mark.timeout(60)
def test_faults_from_a_file(tmp_path):
    file = tmp_path / "faults.yaml"
    file.write_text("calls: [{fault: 503, method: crm.deal.add, numbers: [2]}]", "utf-8")
    with twin(tmp_path, "--faults", file) as (webhook, _):
        codes = [httpx.post(webhook + "crm.deal.add", json={"fields": {}}, trust_env=False) for _ in range(3)]
        assert [one.status_code for one in codes] == [200, 503, 200]
        told = httpx.get(webhook.split("/rest/")[0] + "/_demo/faults", trust_env=False).json()
        assert told["counts"] == {"503": 1}


def test_a_broken_faults_file_stops_the_start(tmp_path):
    file = tmp_path / "faults.yaml"
    file.write_text("seed: 1\ncalls:\n  - {fault: 530, times: 1}\n", "utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "engine", "emulate", "--port", "0", "--faults", str(file)],
        cwd=ROOT, capture_output=True, encoding="utf-8", timeout=30, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "faults.yaml:3:13: 530 is none of" in ran.stderr
    assert "Traceback" not in ran.stderr
