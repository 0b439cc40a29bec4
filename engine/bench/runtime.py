"""The runtime measured beside others: acknowledged events, durable runs in one process, durable runs in several.

Decides what is compared with what, and in which order: in every round each side has its turn, so that a busy minute of
the machine is everybody's. Figures are medians of the rounds, ratios are medians of the rounds' ratios.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from engine.bench.child import Child
from engine.bench.office import make_office
from engine.bench.postgres import NoPostgres, private_postgres

MODULES = ("dbos", "procrastinate", "psycopg")
BOUNDS: Mapping[str, float] = {
    "acks to bare": 0.7,
    "runs meanwhile": 19.0,
    "runs to DBOS": 8.0,
    "cluster to Procrastinate": 0.8,
    "2 processes to 1": 1.5,
}
PROCESSES = (1, 2, 4)
_BEAT, _STEADY = 20.0, 200.0
_PEERS = "engine.bench.peers"


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is done in a turn of each side; counts of runs, seconds of posting."""

    ours: int = 1000
    durable: int = 150
    cluster: int = 600
    seconds: float = 2.0
    steady: float = 3.0
    acts: int = 100_000


QUICK = Amount(ours=60, durable=20, cluster=40, seconds=0.3, steady=0.5, acts=3_000)


@dataclass(frozen=True, slots=True)
class Measured:
    """Medians of `rounds` by name: rates a second, milliseconds where the name says so, ratios of each round.

    `missing` says which sides were left out, and why.
    """

    rounds: int
    figures: Mapping[str, float]
    ratios: Mapping[str, float]
    missing: tuple[str, ...] = ()

    def broken_bounds(self) -> list[str]:
        """Return the names of the ratios below their bound."""
        return [name for name, bound in BOUNDS.items() if self.ratios.get(name, bound) < bound]


def missing_modules() -> list[str]:
    """Return the modules of the extra `bench` that are not installed."""
    return [name for name in MODULES if find_spec(name) is None]


def measure(rounds: int, *, is_own: bool, amount: Amount, say: Callable[[str], None]) -> Measured:
    """Run all comparisons; with `is_own` ours alone. Raises OSError where a side ends instead of answering."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="reglament-bench-")))
        webhook = stack.enter_context(_portal(folder))
        missing: list[str] = []
        turns: list[Callable[[], Mapping[str, float]]] = [
            _Acks(stack, folder, webhook, amount).turn,
            _Embedded(stack, folder, webhook, amount, is_own=is_own).turn,
        ]
        if is_own and find_spec("psycopg") is None:
            missing.append("Postgres: psycopg is not installed")
        else:
            try:
                address = stack.enter_context(private_postgres({"max_connections": "300"}))
                turns.append(_Cluster(stack, folder, webhook, amount, address, is_own=is_own).turn)
            except NoPostgres as error:
                missing.append(f"Postgres: {error}")
        results = []
        for number in range(1, rounds + 1):
            say(f"{number}/{rounds}")
            results.append({name: figure for turn in turns for name, figure in turn().items()})
    figures = {name: median(one[name] for one in results) for name in results[0]}
    ratios = {
        name: median(one[a] / one[b] for one in results) for name, (a, b) in _RATIOS.items() if b in figures
    }
    return Measured(
        rounds, figures, {**ratios, "runs meanwhile": figures["runs/s meanwhile"]}, tuple(missing)
    )


_RATIOS = {
    "acks to bare": ("acks/s", "bare acks/s"),
    "runs to DBOS": ("runs/s", "DBOS runs/s"),
    "runs to DBOS called": ("runs/s", "DBOS called runs/s"),
    "runs to raw rows": ("runs/s", "raw rows runs/s"),
    "cluster to Procrastinate": ("cluster runs/s, 1", "Procrastinate runs/s, 1"),
    "cluster to Procrastinate, 2": ("cluster runs/s, 2", "Procrastinate runs/s, 2"),
    "2 processes to 1": ("cluster runs/s, 2", "cluster runs/s, 1"),
    "4 processes to 1": ("cluster runs/s, 4", "cluster runs/s, 1"),
}


class _Acks:
    """The public listener and a handler that writes nothing, each with a sender of its own."""

    def __init__(self, stack: ExitStack, folder: Path, webhook: str, amount: Amount) -> None:
        config = make_office(folder / "acks", "./state/engine.db", lanes=8)
        errors = folder / "errors"
        self._amount = amount
        self._ours = stack.enter_context(Child("engine.bench.served", str(config), webhook, errors=errors))
        self._ours.ask("acts", count=amount.acts)
        bare = stack.enter_context(Child(f"{_PEERS}.bare_flask", errors=errors))
        self._to_ours, self._to_bare = (
            stack.enter_context(Child("engine.bench.load", side.ready["url"], errors=errors))
            for side in (self._ours, bare)
        )

    def turn(self) -> Mapping[str, float]:
        bare = self._to_bare.ask("fast", seconds=self._amount.seconds)
        calm = self._to_bare.ask("steady", rate=_STEADY, seconds=self._amount.steady)
        before, begun = self._counts(_BEAT)
        ours = self._to_ours.ask("fast", seconds=self._amount.seconds)
        steady = self._to_ours.ask("steady", rate=_STEADY, seconds=self._amount.steady)
        after, ended = self._counts(0)
        stored, acked = after["stored"] - before["stored"], ours["answers"] + steady["answers"]
        if stored != acked:
            raise OSError(f"{acked} events were acknowledged and {stored} are stored")
        return {
            "acks/s": ours["answers"] / ours["seconds"],
            "bare acks/s": bare["answers"] / bare["seconds"],
            "runs/s meanwhile": (after["done"] - before["done"]) / (ended - begun),
            "ack p99 ms": steady["p99"],
            "bare ack p99 ms": calm["p99"],
        }

    def _counts(self, rate: float) -> tuple[Mapping[str, int], float]:
        """Let events come at `rate` from now on; return what is stored and done, and when."""
        self._ours.ask("beat", rate=rate)
        if not rate:
            time.sleep(0.1)  # the last of them is being done
        return self._ours.ask("counts"), time.perf_counter()


class _Embedded:
    """Our runs on SQLite, DBOS's, and the rows alone."""

    def __init__(self, stack: ExitStack, folder: Path, webhook: str, amount: Amount, *, is_own: bool) -> None:
        home, errors = folder / "embedded", folder / "errors"
        config = make_office(home, "./state/engine.db", lanes=16)
        self._amount = amount
        self._ours = stack.enter_context(Child("engine.bench.served", str(config), webhook, errors=errors))
        self._ours.ask(
            "run", count=50
        )  # what is slow only once is behind it then, and there are rows to copy
        state = home / "state" / "engine.db"
        self._raw = stack.enter_context(Child(f"{_PEERS}.raw_rows", str(state), str(home), errors=errors))
        self._dbos = (
            None if is_own else stack.enter_context(Child(f"{_PEERS}.durable_dbos", str(home), errors=errors))
        )

    def turn(self) -> Mapping[str, float]:
        amount = self._amount
        found = {
            "runs/s": amount.ours / self._ours.ask("run", count=amount.ours)["seconds"],
            "raw rows runs/s": amount.ours / self._raw.ask("run", count=amount.ours)["seconds"],
        }
        for verb, name in (("ordered", "DBOS runs/s"), ("called", "DBOS called runs/s")):
            if self._dbos is not None:
                found[name] = amount.durable / self._dbos.ask(verb, count=amount.durable)["seconds"]
        return found


class _Cluster:
    """Our runs on Postgres with one, two and four processes, and Procrastinate's jobs with one and two."""

    def __init__(
        self, stack: ExitStack, folder: Path, webhook: str, amount: Amount, address: str, *, is_own: bool
    ) -> None:
        self._amount, self._first = amount, {}
        errors = folder / "errors"
        for number in PROCESSES:
            config = make_office(folder / f"cluster-{number}", _database(address, f"ours{number}"), lanes=8)
            sides = [
                stack.enter_context(Child("engine.bench.served", str(config), webhook, errors=errors))
                for _ in range(number)
            ]
            self._first[f"cluster runs/s, {number}"] = sides[0]
        for number in () if is_own else PROCESSES[:2]:
            database = _database(address, f"jobs{number}")
            given = (database, str(folder / "cluster-1" / "config.yaml"))
            sides = [
                stack.enter_context(Child(f"{_PEERS}.procrastinate_jobs", *given, errors=errors))
                for _ in range(number)
            ]
            self._first[f"Procrastinate runs/s, {number}"] = sides[0]
        for side in self._first.values():
            side.ask("run", count=50)

    def turn(self) -> Mapping[str, float]:
        count = self._amount.cluster
        return {name: count / side.ask("run", count=count)["seconds"] for name, side in self._first.items()}


def _database(address: str, name: str) -> str:
    """Make a database; return its address."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"{address.rpartition('/')[0]}/{name}"


@contextmanager
def _portal(folder: Path) -> Iterator[str]:
    """Yield the webhook of an emulated portal in a process of its own: the first reading asks it."""
    with (folder / "errors").open("ab") as errors:
        portal = subprocess.Popen(
            [sys.executable, "-m", "engine", "emulate", "--port", "0", "--lang", "en"],
            stdout=subprocess.PIPE, stderr=errors, text=True,
        )  # fmt: skip
    try:
        assert portal.stdout is not None
        found = re.search(r"webhook: (\S+)", portal.stdout.readline())
        if found is None:
            raise OSError("the emulated portal did not start")
        yield found[1]
    finally:
        portal.terminate()
        portal.wait(10)
        if portal.stdout is not None:
            portal.stdout.close()
