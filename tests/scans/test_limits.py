"""The process that meets foreign bytes has bounds, and knows none of our secrets."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.scans import limits, process
from engine.scans.look import look_inside
from tests.portal.portal_case import running_site
from tests.scans.scan_case import printed

ROOT = Path(__file__).parents[2]
BEGIN = "from engine.scans.child import limit_ourselves; limit_ourselves(); "


def child(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BEGIN + code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_process_takes_no_more_memory_than_it_may() -> None:
    assert "MemoryError" in child(f"bytearray({limits.MEMORY})").stderr
    assert child("bytearray(300_000_000)").returncode == 0


def test_the_process_writes_no_file(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert child(f"open({str(out)!r}, 'w', buffering=1).write('x\\n')").returncode != 0
    assert out.read_bytes() == b""


def test_the_process_computes_no_longer_than_it_may() -> None:
    said = child("import resource; print(resource.getrlimit(resource.RLIMIT_CPU)[0])").stdout
    assert int(said) == limits.COMPUTING
    # The system's own word for that end is among those that make a file unreadable.
    ended = child("import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 5))\nwhile True: pass")
    assert -ended.returncode == signal.SIGXCPU
    assert signal.SIGXCPU in process.LIMIT_SIGNALS


def test_this_process_keeps_its_own_limits() -> None:
    before = [
        resource.getrlimit(kind) for kind in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE)
    ]
    look_inside(printed(), "pdf")
    after = [
        resource.getrlimit(kind) for kind in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE)
    ]
    assert before == after


def test_no_secret_reaches_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BITRIX24_WEBHOOK_URL", "https://example.com/rest/1/secret/")
    monkeypatch.setenv("SMTP_PASSWORD", "secret")
    assert not [
        name for name, value in process._surroundings().items() if "secret" in value or "SMTP" in name
    ]


def test_a_look_that_did_not_end_is_tried_again_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_site(tmp_path) as site:
        kept = site.contents.keep("акт.pdf", printed())
        monkeypatch.setattr(sys, "executable", str(tmp_path / "no such program"))
        nothing = site.contents.look(kept, inside=True)
        assert nothing.inside is not None
        assert nothing.inside.readable is None
        assert not list(tmp_path.rglob("inside/*/*"))
        monkeypatch.undo()
        again = site.contents.look(kept, inside=True)
        assert again.inside is not None
        assert again.inside.readable is True
