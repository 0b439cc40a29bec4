"""Processes that a measurement talks to: a line of JSON asks, a line of JSON answers.

Each side of a comparison runs in a process of its own, so that none pays for another's threads. Decides nothing of
what is measured.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, NoReturn, Self, TypeAlias

Answer: TypeAlias = Mapping[str, Any]
_ROOT = Path(__file__).parents[2]


class Child:
    """A process of module `module` that `serve`s; ready when it is made. Leaving the block ends it.

    Raises OSError where it ends instead of answering; what it said on stderr stands in the error.
    """

    def __init__(self, module: str, *arguments: str, errors: Path) -> None:
        self._module, self._errors = module, errors
        paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        with errors.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            )
        self.ready = self._read()

    def ask(self, verb: str, **values: object) -> Answer:
        """Return what the process answers."""
        self.start(verb, **values)
        return self.answer()

    def start(self, verb: str, **values: object) -> None:
        """Ask without waiting; `answer` gives what comes of it."""
        try:
            _write(_pipe(self._process.stdin), {"do": verb, **values})
        except BrokenPipeError:
            self._fail()

    def answer(self) -> Answer:
        """Return the answer to what was asked last."""
        return self._read()

    @contextmanager
    def asleep(self) -> Iterator[None]:
        """Keep the process from running meanwhile: it must not be waiting for an answer of others."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def _read(self) -> Answer:
        line = _pipe(self._process.stdout).readline()
        if not line:
            self._fail()
        answer: Answer = json.loads(line)
        return answer

    def _fail(self) -> NoReturn:
        self._end()
        said = self._errors.read_text("utf-8", "replace").strip()[-2000:]
        raise OSError(f"{self._module} ended: {said}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        with suppress(BrokenPipeError):
            _pipe(self._process.stdin).close()  # the end of its input is the end of its work
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _pipe(self._process.stdout).close()


def serve(verbs: Mapping[str, Callable[..., Answer]], ready: Answer | None = None) -> None:
    """Say `ready`, then answer what is asked on stdin until its end."""
    _write(sys.stdout, ready or {})
    for line in sys.stdin:
        asked = json.loads(line)
        _write(sys.stdout, verbs[asked.pop("do")](**asked))


def _write(pipe: IO[str], value: Answer) -> None:
    pipe.write(json.dumps(value) + "\n")
    pipe.flush()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
