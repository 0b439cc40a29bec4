"""Looking into a file from the engine's side: another process does it, and what it says is all that comes back.

Decides how long and how much memory a look may take, and what is known where it took more. It opens no file of a
client itself: Pillow, pypdf and the rest never meet foreign bytes in this process.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.language.values import INSIDE_PARTS, Inside
from engine.scans.limits import LARGEST_FILE, LOOKED_INTO, WAIT
from engine.scans.process import LIMIT_SIGNALS, last_words, run_child

_FORM: Final = 1
_UNREADABLE: Final = Inside(readable=False)


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found. `why` is one English line on what it could not tell; for logs and tests.

    `is_lasting` is False where another try may tell more: the machine was busy, the process was killed.
    """

    inside: Inside
    why: str = ""
    is_lasting: bool = True


def look_inside(content: bytes, kind: str, wait: float = WAIT) -> Look:
    """Return what is in a file of `kind` (a word of `file_kind`). Never raises for what the bytes are.

    A file that is no PDF and no picture, that is locked, damaged or a bomb is not readable. Larger ones than
    `LARGEST_FILE` are not looked into. `wait` bounds the seconds by the clock; the process bounds its own time by
    what it has computed, so that a busy machine does not refuse a good scan.
    """
    if kind not in LOOKED_INTO:
        return Look(_UNREADABLE, f"not a PDF or a picture: {kind}")
    if len(content) > LARGEST_FILE:
        return Look(Inside(), f"larger than {LARGEST_FILE} bytes")
    try:
        done = run_child([kind], content, wait)
    except (subprocess.TimeoutExpired, OSError) as error:
        return Look(Inside(), f"the look did not end: {type(error).__name__}", is_lasting=False)
    try:
        return _read(json.loads(done.stdout))
    except (ValueError, KeyError, TypeError):
        return _died(done.returncode, done.stderr)


def _died(code: int, stderr: bytes) -> Look:
    """Say what a process that gave no answer means: killed by its own limits, or by something else."""
    if code < 0 and -code in LIMIT_SIGNALS:
        return Look(_UNREADABLE, f"it takes more than a look may: signal {-code}")
    return Look(Inside(), f"the look ended with {code}: {last_words(stderr)}", is_lasting=False)


def _read(answer: object) -> Look:
    if not isinstance(answer, Mapping) or answer.get("form") != _FORM:
        raise ValueError(answer)
    found = {name: answer[name] for name in INSIDE_PARTS}
    numbers = found.pop("numbers")
    inside = Inside(**found, numbers=None if numbers is None else tuple(map(str, numbers)))
    return Look(inside, str(answer.get("why") or ""))


def as_memory(look: Look) -> bytes:
    """Return a look as it is kept beside the file's bytes."""
    parts = {name: getattr(look.inside, name) for name in INSIDE_PARTS}
    return json.dumps({"form": _FORM, **parts, "why": look.why}, ensure_ascii=False).encode()


def recall_look(path: Path) -> Look | None:
    """Return the look kept at `path`, None where there is none that this edition understands."""
    try:
        return _read(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError):
        return None
