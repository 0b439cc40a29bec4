"""Reads the Containerfile and carries its steps out in a folder, as far as one can without root and a container.

Decides what stands in for what: `/opt`, `/build` and `/company` are folders of that folder, the base image's Python is
a fresh venv a stage. The steps for users and owners need root: they are left out by name, and nothing else is.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILE = ROOT / "Containerfile"
OURS = ("/opt/reglament", "/build", "/company")
NEEDS_ROOT = ("useradd",)


@dataclass(frozen=True)
class Step:
    """One instruction: its word in capitals, and the rest of its line."""

    word: str
    rest: str


def read_steps(text: str) -> list[Step]:
    """Return the instructions of a Containerfile in order."""
    joined = re.sub(
        r"\\\n\s*", " ", "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    )
    return [Step(*line.split(None, 1)) for line in joined.splitlines() if line.strip()]


@dataclass
class Build:
    """A build under way in `folder`; `done` and `left_out` name the steps."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    where: Path = Path("/")
    stage: int = 0
    done: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Carry all steps out. Raises CalledProcessError where one fails."""
        for step in read_steps(FILE.read_text("utf-8")):
            carry = getattr(self, f"_{step.word.lower()}", None)
            if carry is not None:
                carry(step.rest)

    def inside(self, path: str) -> Path:
        """Return where a path of the image is; the last stage has folders of its own but for what is copied."""
        return self.folder / path.lstrip("/")

    def _from(self, rest: str) -> None:
        self.stage += 1
        self.variables = {}
        python = self.folder / f"base{self.stage}"
        subprocess.run([sys.executable, "-m", "venv", python], check=True)

    def _env(self, rest: str) -> None:
        for pair in shlex.split(rest):
            name, _, value = pair.partition("=")
            # Made anew each time by the image; here what pip has fetched before may serve again.
            if name not in ("PIP_NO_CACHE_DIR", "PATH"):
                self.variables[name] = value

    def _workdir(self, rest: str) -> None:
        self.where = self.inside(rest)
        self.where.mkdir(parents=True, exist_ok=True)

    def _copy(self, rest: str) -> None:
        *sources, target = rest.split()
        if sources[0].startswith("--from="):
            # The tree is there already: both stages build in one folder.
            assert sources[1] == target
            assert self.inside(target).is_dir()
            return
        place = self.inside(target) if target.startswith("/") else self.where / target
        for source in sources:
            found = ROOT / source
            if found.is_dir():
                shutil.copytree(
                    found, place, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
                )
            else:
                place.mkdir(parents=True, exist_ok=True)
                shutil.copy(found, place)

    def _run(self, rest: str) -> None:
        if rest.split(maxsplit=1)[0] in NEEDS_ROOT:
            self.left_out.append(rest)
            return
        command = re.sub(r" --(owner|group)=\S+", "", rest)
        for ours in OURS:
            command = command.replace(ours, str(self.inside(ours)))
        python = self.folder / f"base{self.stage}" / "bin"
        subprocess.run(
            ["/bin/sh", "-ec", command], cwd=self.where if self.where.is_dir() else self.folder, check=True,
            env={**kept(), **self.variables, "PATH": f"{python}:/usr/bin:/bin"}, timeout=900,
        )  # fmt: skip
        self.done.append(rest)


def kept() -> dict[str, str]:
    """Return how this machine reaches the network; nothing else of its environment is the build's."""
    import os

    return {
        name: value
        for name, value in os.environ.items()
        if re.match(r"(?i)(pip_|https?_proxy|no_proxy|home|ssl_)", name)
    }


def copied() -> Iterator[str]:
    """Yield the paths that are copied from the builder's context."""
    for step in read_steps(FILE.read_text("utf-8")):
        if step.word == "COPY" and not step.rest.startswith("--from"):
            yield from step.rest.split()[:-1]
