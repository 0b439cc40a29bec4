"""The runtime measured beside others: acknowledged events, durable runs in one process, durable runs in several.

Decides what is compared with what, and in which order: in every round of a comparison each side has its turn, so that
a busy minute of the machine is everybody's. Figures are medians of the rounds, ratios medians of the rounds' ratios.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
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
    rows: list[dict[str, float]] = [{} for _ in range(rounds)]
    missing: list[str] = []
    with tempfile.TemporaryDirectory(prefix="reglament-bench-") as name, _portal(Path(name)) as webhook:
        bed = _Bed(Path(name), webhook, amount, is_own=is_own)
        for open_group in (_Acks, _Embedded, _Cluster):
            # Processes of the other comparisons would take their share of the machine even when idle.
            with ExitStack() as stack:
                try:
                    group = open_group(stack, bed)
                except NoPostgres as error:
                    missing.append(f"Postgres: {error}")
                    continue
                for number, row in enumerate(rows, 1):
                    say(f"{group.name} {number}/{rounds}")
                    row.update(group.turn())
    figures = {name: median(row[name] for row in rows) for name in rows[0]}
    ratios = {
        name: median(row[a] / row[b] for row in rows) for name, (a, b) in _RATIOS.items() if b in figures
    }
    meanwhile = {"runs meanwhile": figures["runs/s meanwhile"]}
    return Measured(rounds, figures, {**ratios, **meanwhile}, tuple(missing))


@dataclass(frozen=True)
class _Bed:
    """What every comparison stands on."""

    folder: Path
    webhook: str
    amount: Amount
    is_own: bool

    @property
    def errors(self) -> Path:
        return self.folder / "errors"

    def served(self, stack: ExitStack, config: Path) -> Child:
        return stack.enter_context(
            Child("engine.bench.served", str(config), self.webhook, errors=self.errors)
        )

    def peer(self, stack: ExitStack, module: str, *arguments: object) -> Child:
        given = map(str, arguments)
        return stack.enter_context(Child(f"engine.bench.{module}", *given, errors=self.errors))


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

    name = "acks"

    def __init__(self, stack: ExitStack, bed: _Bed) -> None:
        self._amount = bed.amount
        self._ours = bed.served(stack, make_office(bed.folder / "acks", "./state/engine.db", lanes=8))
        self._ours.ask("acts", count=bed.amount.acts)
        bare = bed.peer(stack, "peers.bare_flask")
        self._to_ours, self._to_bare = (
            bed.peer(stack, "load", side.ready["url"]) for side in (self._ours, bare)
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

    name = "embedded"

    def __init__(self, stack: ExitStack, bed: _Bed) -> None:
        home = bed.folder / "embedded"
        self._amount = bed.amount
        self._ours = bed.served(stack, make_office(home, "./state/engine.db", lanes=16))
        self._ours.ask(
            "run", count=50
        )  # what is slow only once is behind it then, and there are rows to copy
        self._raw = bed.peer(stack, "peers.raw_rows", home / "state" / "engine.db", home)
        self._dbos = None if bed.is_own else bed.peer(stack, "peers.durable_dbos", home)

    def turn(self) -> Mapping[str, float]:
        amount = self._amount
        # Its queues are asked for work fifty times a second, whether there is any or not.
        with self._dbos.asleep() if self._dbos is not None else nullcontext():
            found = {
                "runs/s": amount.ours / self._ours.ask("run", count=amount.ours)["seconds"],
                "raw rows runs/s": amount.ours / self._raw.ask("run", count=amount.ours)["seconds"],
            }
        for verb, name in (("ordered", "DBOS runs/s"), ("called", "DBOS called runs/s")):
            if self._dbos is not None:
                found[name] = amount.durable / self._dbos.ask(verb, count=amount.durable)["seconds"]
        return found


class _Cluster:
    """Our runs on Postgres with one, two and four processes, and Procrastinate's jobs with one and two.

    Raises NoPostgres.
    """

    name = "cluster"

    def __init__(self, stack: ExitStack, bed: _Bed) -> None:
        if find_spec("psycopg") is None:
            raise NoPostgres("psycopg is not installed")
        self._amount = bed.amount
        self._first: dict[str, Child] = {}
        address = stack.enter_context(private_postgres({"max_connections": "300"}))
        for number in PROCESSES:
            config = make_office(
                bed.folder / f"cluster-{number}", _database(address, f"ours{number}"), lanes=8
            )
            sides = [bed.served(stack, config) for _ in range(number)]
            self._first[f"cluster runs/s, {number}"] = sides[0]
        for number in () if bed.is_own else PROCESSES[:2]:
            given = (_database(address, f"jobs{number}"), bed.folder / "cluster-1" / "config.yaml")
            sides = [bed.peer(stack, "peers.procrastinate_jobs", *given) for _ in range(number)]
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
