"""The process that meets foreign bytes in the engine's place: started with limits, fed a file, listened to.

Decides what such a process sees of its surroundings: where Python and this package are, and none of our secrets.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

# SIGXCPU, and the ways in which a C library ends when it meets the limit of memory or broken data.
LIMIT_SIGNALS: Final = frozenset({24, 11, 6, 7, 4, 8})


def run_child(arguments: list[str], content: bytes, wait: float) -> subprocess.CompletedProcess[bytes]:
    """Return what `engine.scans.child` said to these arguments and bytes. Raises TimeoutExpired, OSError."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "engine.scans.child", *arguments],
        input=content,
        capture_output=True,
        timeout=wait,
        env=_surroundings(),
        check=False,
    )


def last_words(stderr: bytes) -> str:
    """Return the last line that a process complained with."""
    return "".join(stderr.decode("utf-8", "replace").strip().splitlines()[-1:])[:200]


def _surroundings() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LANG", "TMPDIR") if name in os.environ}
    roots = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**kept, "PYTHONPATH": os.pathsep.join(roots), "OMP_NUM_THREADS": "1"}
