"""The house's walls: arrows go down only, the pure rooms import no I/O, the twin and the engine are strangers."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted([*(ROOT / "engine").rglob("*.py"), *(ROOT / "plugins").glob("*.py")])
IO = {
    "socket", "ssl", "http", "httpx", "urllib.request", "smtplib", "sqlite3", "subprocess", "threading", "asyncio",
    "flask", "waitress", "watchdog", "shutil", "tempfile", "pathlib", "os", "logging", "structlog", "time", "random",
}  # fmt: skip
FLOORS = ["language", "decision", "portal", "runtime", "registers", "web", "cli"]
# What each floor must not know; `engine.x` stands for engine/x.py or the room engine/x.
FORBIDDEN = {
    "language": [
        "decision",
        "portal",
        "runtime",
        "web",
        "cli",
        "host",
        "settings",
        "setup",
        "workshop",
        "emulator",
    ],
    "decision": ["portal", "runtime", "web", "cli", "host", "settings", "setup", "workshop", "emulator"],
    "portal": ["decision", "runtime", "web", "cli", "host", "workshop", "emulator"],
    "runtime": ["cli", "emulator"],
    "registers": ["web", "cli", "emulator", "bench"],
    "web": ["cli", "emulator", "portal"],
}


def imports(file):
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(file):
    parts = file.relative_to(ROOT).parts
    return parts[1] if parts[0] == "engine" and len(parts) > 2 else parts[0]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_arrows_go_down_only(file):
    room, found = room_of(file), set(imports(file))
    for floor in FORBIDDEN.get(room, []):
        assert not {name for name in found if f"{name}.".startswith(f"engine.{floor}.")}, (
            f"{room} imports {floor}"
        )
    if room in ("language", "decision"):
        # The guard watches threads; it starts none.
        assert not found & (IO - ({"threading"} if file.name == "guard.py" else set()))
    if room == "emulator":
        assert not {
            name for name in found if name.startswith("engine.") and not name.startswith("engine.emulator")
        }
    elif room != "cli" and file != ROOT / "engine" / "testing.py":
        assert not {name for name in found if name.startswith("engine.emulator")}
    if room == "plugins":
        assert not {
            name for name in found if name.startswith(("engine.", "plugins")) and not is_exported(name)
        }


def is_exported(name):
    return name.count(".") == 1 and name.removeprefix("engine.") in __import__("engine").__all__


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_files_and_functions_stay_small(file):
    text = file.read_text("utf-8")
    assert len(text.splitlines()) <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno + 1 <= 60, node.name
