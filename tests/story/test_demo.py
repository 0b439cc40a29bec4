"""`engine demo` as a person starts and stops it: addresses, pages that answer, a clean end."""

import signal
import subprocess
import sys
import time

import httpx
import pytest

from tests.cli.conftest import environment

PORTS = (8024, 8025, 8026)


def is_free(port):
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@pytest.mark.story
@pytest.mark.timeout(120)
def test_demo_serves_until_it_is_stopped(tmp_path):
    busy = [port for port in (*PORTS, 8028) if not is_free(port)]
    if busy:
        pytest.skip(f"the demo's ports are taken by another program: {busy}")
    command = [sys.executable, "-m", "engine", "--lang", "en", "demo"]
    demo = subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert demo.stdout is not None
        lines = [demo.stdout.readline() for _ in range(5)]
        portal, console, events = (line.split()[-1] for line in lines[:3])
        assert portal == "http://127.0.0.1:8025"
        assert console.startswith("http://127.0.0.1:8026/sign-in/")
        assert events == "http://127.0.0.1:8024/portal/events"
        wait_until_ready()
        assert "Кастомизация CRM" in httpx.get("http://127.0.0.1:8025/").text
        assert "<h1>Журнал</h1>" in httpx.get(console, follow_redirects=True).text
        assert httpx.get("http://127.0.0.1:8024/healthz").status_code == 200
    finally:
        demo.send_signal(signal.SIGINT)
        _, said = demo.communicate(timeout=30)
    assert demo.returncode in (0, 130)
    assert "Traceback" not in said
    assert all(is_free(port) for port in PORTS)


def wait_until_ready():
    for _ in range(200):
        if httpx.get("http://127.0.0.1:8026/readyz").status_code == 200:
            return
        time.sleep(0.05)
    raise AssertionError("the engine did not become ready")
