"""Whether another distribution in this Python owns the import name `engine` too. Reads metadata, imports nothing."""

from __future__ import annotations

from importlib.metadata import Distribution, distributions

from engine.language.diagnostics import NOWHERE, Diagnostic

OURS, PACKAGE = "reglament", "engine"


def find_neighbours() -> list[Diagnostic]:
    """Return a warning for each distribution, other than ours, that installed files under `engine/`."""
    names = {one.metadata["Name"] for one in distributions() if _owns_package(one)}
    return [Diagnostic("R343", NOWHERE, {"other": name}, "warning") for name in sorted(names - {OURS, None})]


def _owns_package(found: Distribution) -> bool:
    top = found.read_text("top_level.txt")
    if top is not None:
        return PACKAGE in top.split()
    record = found.read_text("RECORD") or ""
    return f"\n{PACKAGE}/__init__.py," in f"\n{record}"
