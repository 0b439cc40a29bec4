"""For the whole suite: the same property examples in CI each time, and the table of samples at the end of a run."""

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True, print_blob=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

_OUTCOMES = ("passed", "failed")


def pytest_terminal_summary(terminalreporter):
    """Method, request shape, response shape of every sample that a test held the twin or the client against."""
    rows = []
    for outcome in _OUTCOMES:
        for report in terminalreporter.stats.get(outcome, []):
            found = dict(getattr(report, "user_properties", ())).get("sample")
            if found:
                rows.append((*found, outcome))
    if not rows:
        return
    terminalreporter.section(f"samples: {len(rows)}")
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in sorted(rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        terminalreporter.write_line("  ".join(cells).rstrip())
