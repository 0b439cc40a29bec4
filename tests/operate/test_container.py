"""The Containerfile, the compose file and the systemd unit: they agree with each other and with the product.

`REGLAMENT_TEST_CONTAINERFILE=1` carries the Containerfile's steps out in a clean folder and plays the story with what
they made; it fetches every locked dependency, so it is not part of each run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml

from engine.settings import Settings, read_settings
from tests.operate.containerfile import FILE, ROOT, Build, copied, read_steps

STEPS = read_steps(FILE.read_text("utf-8"))
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
UNIT = ROOT / "contrib" / "reglament.service"


def of(word: str) -> list[str]:
    return [step.rest for step in STEPS if step.word == word]


@pytest.fixture
def settings() -> Settings:
    found, problems = read_settings(ROOT / "config.example.yaml", {})
    assert found is not None, problems
    return found


@pytest.mark.skipif(
    not os.environ.get("REGLAMENT_TEST_CONTAINERFILE"), reason="REGLAMENT_TEST_CONTAINERFILE is not set"
)
@pytest.mark.timeout(900)
def test_the_steps_make_an_engine_that_works(tmp_path: Path) -> None:
    build = Build(tmp_path)
    build.run()
    assert [one.split()[0] for one in build.left_out] == ["useradd"]
    assert len(build.done) == len(of("RUN")) - 1
    made = tmp_path / "opt" / "reglament"
    installed = {
        path.name.partition("-")[0].lower() for path in made.glob("lib/python*/site-packages/*.dist-info")
    }
    assert {"reglament", "flask", "psycopg", "procrastinate", "typst"} <= installed
    assert not installed & {"pip", "setuptools", "wheel", "hatchling", "editables", "pytest", "ruff"}
    base = tmp_path / "base2" / "bin" / "python"
    assert subprocess.run([base, "-m", "pip", "--version"], capture_output=True, check=False).returncode
    (tmp_path / "build").rename(tmp_path / "gone")  # the second stage has no sources
    env = {**build.variables, "PATH": f"{made}/bin:/usr/bin:/bin"}
    company = tmp_path / "company"
    assert sorted(path.name for path in company.iterdir()) == ["state"]
    for words in (["--version"], ["check"], ["demo", "--story"]):
        ran = subprocess.run(
            ["engine", *words], cwd=company, env=env, capture_output=True, text=True, check=False, timeout=200,
            executable=made / "bin" / "engine",
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout + ran.stderr


def test_what_is_copied_is_there_and_let_through() -> None:
    let_through = set()
    for line in (ROOT / ".containerignore").read_text("utf-8").splitlines():
        if line.startswith("!"):
            let_through.add(line[1:])
    assert let_through == set(copied())
    assert (ROOT / ".dockerignore").read_text("utf-8") == (ROOT / ".containerignore").read_text("utf-8")
    for source in copied():
        assert (ROOT / source).exists(), source


def test_the_locked_dependencies_are_those_of_the_product() -> None:
    """What the image installs is what the suite runs with."""

    def locked(name: str) -> dict[str, str]:
        text = (ROOT / "requirements" / name).read_text("utf-8")
        return dict(re.findall(r"(?m)^([a-z0-9][\w.\-]*)==(\S+)", text))

    image, run, test = locked("cluster.txt"), locked("run.txt"), locked("test.txt")
    assert run.items() <= image.items()
    assert set(image) - set(run) >= {"procrastinate", "psycopg", "psycopg-binary"}
    assert {name: image[name] for name in set(image) & set(test)} == {
        name: test[name] for name in set(image) & set(test)
    }


def test_it_runs_as_nobody_special_and_says_whether_it_is_well(settings: Settings) -> None:
    last = max(at for at, step in enumerate(STEPS) if step.word == "FROM")
    final = STEPS[last:]
    words = [step.word for step in final]
    user = next(step.rest for step in final if step.word == "USER")
    assert user == "10001:10001"
    assert f"--uid {user.partition(':')[0]}" in " ".join(of("RUN"))
    assert words.index("USER") > max(at for at, word in enumerate(words) if word in ("RUN", "COPY"))
    assert f":{settings.public.port}/healthz" in of("HEALTHCHECK")[0]
    assert of("EXPOSE") == [f"{settings.public.port} {settings.console.port}"]
    volume = of("VOLUME")[0]
    assert Path(volume) == Path(of("WORKDIR")[-1]) / Path(settings.state).parent.relative_to(ROOT)
    assert (ROOT / "engine" / "_shipped").exists() or {
        "plugins",
        "regulations",
        "config.example.yaml",
    } <= set(copied())


def test_the_compose_file_agrees_with_the_container(settings: Settings) -> None:
    services = COMPOSE["services"]
    assert [name for name, one in services.items() if not one.get("profiles")] == ["engine"]
    cluster = {name for name, one in services.items() if one.get("profiles") == ["cluster"]}
    assert cluster == {"worker-1", "worker-2", "postgres"}
    ports = {int(port.rpartition(":")[2]) for port in services["engine"]["ports"]}
    assert ports == {settings.public.port, settings.console.port}
    assert all(port.startswith("127.0.0.1:") for port in services["engine"]["ports"])
    workdir = of("WORKDIR")[-1]
    for name in ("engine", "worker-1", "worker-2"):
        one = services[name]
        targets = {volume.split(":")[1] for volume in one["volumes"]}
        assert of("VOLUME")[0] in targets
        assert {f"{workdir}/config.yaml", f"{workdir}/regulations", f"{workdir}/plugins"} <= targets
        assert one["read_only"]
        assert one["cap_drop"] == ["ALL"]
        assert int(one["stop_grace_period"].rstrip("s")) > 10
        assert one["depends_on"]["postgres"] == {"condition": "service_healthy", "required": False}
        assert "ports" not in one or name == "engine"
    named = {
        volume.split(":")[0] for one in services.values() for volume in one["volumes"] if volume[0] != "."
    }
    assert named == set(COMPOSE["volumes"])


def test_the_unit_is_sound() -> None:
    unit = ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNIT, "utf-8")
    service = unit["Service"]
    assert service["Restart"] == "on-failure"
    assert int(service["TimeoutStopSec"]) > 10
    assert service["ExecStart"].split()[1] == "serve"
    assert service["User"] not in ("", "root")
    for name in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome", "RestrictSUIDSGID"):
        assert service[name] == "true"
    assert service["ProtectSystem"] == "strict"


def test_systemd_reads_the_unit(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("systemd-analyze is not on this machine")
    text = UNIT.read_text("utf-8")
    # The program must be there for the check, not for the unit.
    program = tmp_path / "engine"
    program.write_text("#!/bin/sh\n", "utf-8")
    program.chmod(0o755)
    mine = tmp_path / "reglament.service"
    mine.write_text(text.replace("/opt/reglament/bin/engine", str(program)), "utf-8")
    ran = subprocess.run([verify, "verify", mine], capture_output=True, text=True, check=False)
    said = [line for line in ran.stderr.splitlines() if "reglament.service" in line]
    assert (ran.returncode, said) == (0, []), ran.stderr
    exposed = subprocess.run(
        [verify, "security", "--offline=true", "--threshold=30", mine],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unrecognized option" not in exposed.stderr:
        assert exposed.returncode == 0, exposed.stdout + exposed.stderr
