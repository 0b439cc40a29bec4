"""The guide for integrators: its example runs in a fresh folder, where pytest finds the plugin by its entry point."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from engine.testing import _MARKER, RunningPortal
from tests.docs.docs_case import ROOT, blocks, codes, page, rows

PAGE = "testing-integrations"
pytest_plugins = ["pytester"]


@pytest.fixture
def fresh(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder of an integrator, with the package's entry points as an installed distribution declares them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    installed = pytester.path / "installed" / "reglament-0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: reglament\nVersion: 0\n", "utf-8")
    lines = [f"{name} = {target}" for name, target in project["entry-points"]["pytest11"].items()]
    (installed / "entry_points.txt").write_text("\n".join(["[pytest11]", *lines, ""]), "utf-8")
    monkeypatch.setenv("PYTHONPATH", f"{installed.parent}:{ROOT}")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return pytester


def run(folder: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return folder.runpytest_subprocess("-p", "no:cacheprovider", "--strict-markers", *arguments, timeout=100)


def test_the_example_passes(fresh: pytest.Pytester) -> None:
    program, tests = blocks(PAGE, "python")
    (fresh.path / "sums.py").write_text(program.text, "utf-8")
    (fresh.path / "test_sums.py").write_text(tests.text, "utf-8")
    run(fresh, "-W", "error").assert_outcomes(passed=6)


def test_the_example_notices_a_broken_program(fresh: pytest.Pytester) -> None:
    """The example's tests can fail: without its look for a comment already written the second event shows."""
    program, tests = blocks(PAGE, "python")
    broken = program.text.replace("if text not in", "if text or text not in")
    assert broken != program.text
    (fresh.path / "sums.py").write_text(broken, "utf-8")
    (fresh.path / "test_sums.py").write_text(tests.text, "utf-8")
    ran = run(fresh, "-k", "twice")
    ran.assert_outcomes(failed=1, deselected=5)
    ran.stdout.fnmatch_lines(["E *AssertionError*Сумма: 10.0*Сумма: 10.00*"])


def test_the_marker(fresh: pytest.Pytester) -> None:
    fresh.makepyfile(
        test_marked="""
        import ssl, urllib.request
        import pytest
        from engine.emulator.errors import RestError

        @pytest.mark.reglament_portal(company="empty", tls=True, policies={"disk_name_length": 4})
        def test_marked(reglament_portal):
            portal = reglament_portal
            assert portal.call("crm.deal.list") == []
            trusted = ssl.create_default_context(cafile=str(portal.ca_file))
            with urllib.request.urlopen(portal.webhook + "profile", context=trusted) as answer:
                assert answer.status == 200
            with pytest.raises(RestError) as refused:
                portal.call("disk.storage.addfolder", {"id": 1, "data": {"NAME": "долгое"}})
            assert refused.value.status == 400
            assert portal.portal.limits == "off"

        @pytest.mark.reglament_portal(limits="real")
        def test_limits(reglament_portal):
            assert reglament_portal.portal.limits == "real"
            assert reglament_portal.ca_file is None

        @pytest.mark.reglament_portal(compny="empty")
        def test_misspelt(reglament_portal):
            pass

        @pytest.mark.reglament_portal(policies={"no_such": 1})
        def test_no_policy(reglament_portal):
            pass
        """
    )
    ran = run(fresh)
    ran.assert_outcomes(passed=2, errors=2)
    ran.stdout.fnmatch_lines(["*the marker is reglament_portal(*", "*no policy 'no_such'*"])
    run(fresh, "--markers").stdout.fnmatch_lines([f"@pytest.mark.{_MARKER}*"])


def test_loading_the_plugin_is_cheap() -> None:
    """A pytest run that never asks for the fixture must not pay for a web server and a company."""
    heavy = ("flask", "waitress", "httpx", "yaml", "sqlite3", "engine.emulator", "trustme")
    code = f"import sys, engine.testing; print([one for one in {heavy!r} if one in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, encoding="utf-8"
    )
    assert found.stdout.strip() == "[]"


def test_the_page_names_every_member_and_argument() -> None:
    members = {name for name, _ in inspect.getmembers(RunningPortal) if not name.startswith("_")} | {"portal"}
    cells = [re.sub(r"\([^)]*\)", "", row["member"].replace("`", "")) for row in rows(PAGE, "member")]
    assert {word for cell in cells for word in cell.split(", ")} == members
    arguments = {one.partition("=")[0] for one in _MARKER.partition("(")[2].removesuffix(")").split(", ")}
    assert {row["argument"] for row in rows(PAGE, "argument")} == arguments
    assert "reglament_portal" in codes(PAGE)


def test_the_page_can_be_found() -> None:
    linking = [path for path in (ROOT / "docs").glob("*.md") if path.stem != PAGE]
    assert any(f"({PAGE}.md)" in page(Path(path)) for path in linking)
