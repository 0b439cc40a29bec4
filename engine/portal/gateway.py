"""The way of commands to the portal: as few requests as possible, each command with a fate of its own.

Decides nothing about the commands' meaning. What of one caller's commands may share a request is said by `packing`,
which commands of all callers do so by `gathering`; what one command's failure means for its step is the caller's
affair, it never touches the others (`halt: 0`).
"""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Generic, Protocol, TypeAlias, TypeVar

from engine.action import Answer, Command, Content, Ref
from engine.language.values import File
from engine.portal.client import PortalClient
from engine.portal.errors import BatchFailure, PortalError, Retry
from engine.portal.estimate import Cost
from engine.portal.gathering import Gathering
from engine.portal.packing import Place, is_alone, pack, references
from engine.portal.query import follow
from engine.portal.sharing import Outcome, Parcel, Ready, Waiting, samenesses

T = TypeVar("T")
Steps: TypeAlias = Generator[Sequence[Command], Sequence[Answer], T]
EngineMethods: TypeAlias = Callable[[Command], object]
# How many seconds commands let those of others go first, so that nothing waits for ever.
AT_ONCE, MAILING, BACKGROUND = 0.0, 5.0, 15.0


class Bytes(Protocol):
    """Where the bytes of a `Content` come from."""

    def read(self, file: File) -> bytes:
        """Return the file's bytes. Raises PortalError, OSError."""


@dataclass(frozen=True, slots=True)
class Fate(Generic[T]):
    """How one of several generators ended: with a value, or with an error of the portal or of its own."""

    value: T | None = None
    error: Exception | None = None


@dataclass(slots=True)
class _Lane:
    """Commands of one step in their order, what its earlier commands gave, and what became of these."""

    commands: Sequence[Command]
    results: dict[str, object]
    bearer: str = ""
    failures: dict[str, PortalError] = field(default_factory=dict)
    outcomes: dict[int, Outcome] = field(default_factory=dict)

    def settle(self, position: int, outcome: Outcome) -> None:
        """Keep the outcome of a command; a tolerated error becomes an answer."""
        command = self.commands[position]
        if isinstance(outcome, PortalError) and outcome.code in command.tolerate:
            outcome = Answer(command.id, None, outcome.code or "ERROR", outcome.description)
        if isinstance(outcome, PortalError):
            self.failures[command.id] = outcome
        else:
            self.results[command.id] = outcome.result
        self.outcomes[position] = outcome

    def in_order(self) -> list[Outcome]:
        return [self.outcomes[position] for position in range(len(self.commands))]


class Gateway:
    """Sends commands through `client`; `contents` gives files' bytes, `engine_methods` answers `engine.*`.

    `engine_methods` gets the command with its references filled in. Safe between threads as far as these are.
    """

    def __init__(
        self,
        client: PortalClient,
        contents: Bytes,
        engine_methods: EngineMethods,
        *,
        gathering: Gathering | None = None,
        patience: float = AT_ONCE,
    ) -> None:
        self.client, self._contents, self._engine_methods = client, contents, engine_methods
        self.gathering = gathering or Gathering(client, client.pace)
        self._patience = patience
        self._lock = threading.Lock()
        self._cost = Cost()

    def metered(self, patience: float | None = None) -> Gateway:
        """Return a way to the same portal that counts its own cost.

        `patience` is how many seconds its commands let those of others go first: `AT_ONCE` for events, `MAILING`,
        `BACKGROUND` for backfills and sweeps; None as here.
        """
        return Gateway(
            self.client,
            self._contents,
            self._engine_methods,
            gathering=self.gathering,
            patience=self._patience if patience is None else patience,
        )

    @property
    def cost(self) -> Cost:
        """What was sent so far."""
        return self._cost

    def send(self, commands: Sequence[Command]) -> list[Answer]:
        """Return the answers, in order. Raises `BatchFailure`, after every command had its turn, if any
        failed.
        """
        return _answers(self.outcomes(commands))

    def outcomes(self, commands: Sequence[Command]) -> list[Outcome]:
        """The same, but a failed command gives its `PortalError` in its place and nothing is raised."""
        lane = _Lane(commands, {})
        self._run([lane])
        return lane.in_order()

    def drive(self, generator: Steps[T], bearer: str = "") -> T:
        """Run one step's generator to its end; return its result. Raises `BatchFailure` and what it raises
        itself. Its cost is put down to `bearer`, a rule's id.
        """
        fate = self.drive_all([generator], [bearer])[0]
        if fate.error is not None:
            raise fate.error
        return fate.value  # type: ignore[return-value]

    def drive_all(self, generators: Sequence[Steps[T]], bearers: Sequence[str] = ()) -> list[Fate[T]]:
        """Run several steps side by side; commands asked for at the same turn share requests.

        One that fails is closed and the others go on. Errors of the engine's own methods travel up. `bearers` are the
        rules whom each one's cost is put down to.
        """
        borne = [*bearers, *[""] * (len(generators) - len(bearers))]
        fates: dict[int, Fate[T]] = {}
        known: list[dict[str, object]] = [{} for _ in generators]
        answers: dict[int, Sequence[Answer] | None] = dict.fromkeys(range(len(generators)))
        while answers:
            asked: dict[int, _Lane] = {}
            for number, given in answers.items():
                turn = _advance(generators[number], given)
                if isinstance(turn, Fate):
                    fates[number] = turn
                else:
                    asked[number] = _Lane(turn, known[number], borne[number])
            if asked:
                self._run(list(asked.values()))
            answers = {}
            for number, lane in asked.items():
                try:
                    answers[number] = _answers(lane.in_order())
                except BatchFailure as failure:
                    generators[number].close()
                    fates[number] = Fate(error=failure)
        return [fates[number] for number in range(len(generators))]

    def _run(self, lanes: Sequence[_Lane]) -> None:
        for group in pack([lane.commands for lane in lanes]):
            members = [place for place in group.members if self._is_ready(lanes, place)]
            if not members:
                continue
            if group.kind == "engine":
                self._ask_engine(lanes, members[0])
            else:
                self._send(lanes, members)

    def _is_ready(self, lanes: Sequence[_Lane], place: Place) -> bool:
        """False, and the command settled as not sent, where it needs an answer that is known to fail to come.

        Inside one batch the portal itself decides: it fills in nothing and the command fails for want of an
        id.
        """
        lane = lanes[place[0]]
        command = lane.commands[place[1]]
        for ref in references(command):
            failure = lane.failures.get(ref.command)
            if failure is not None:
                retry: Retry = "never" if failure.retry == "never" else "later"
                text = f"not sent: it needs the answer of {ref.command}, which failed ({failure})"
                error = PortalError(command.method, "NOT_SENT", text, retry, failure.retry_after)
                lane.settle(place[1], error)
                return False
        return True

    def _ask_engine(self, lanes: Sequence[_Lane], place: Place) -> None:
        lane, command = lanes[place[0]], lanes[place[0]].commands[place[1]]
        filled = replace(command, params=_filled(command.params, lane, frozenset(), None))
        try:
            lane.settle(place[1], Answer(command.id, self._engine_methods(filled)))
        except PortalError as error:
            lane.settle(place[1], error)

    def _send(self, lanes: Sequence[_Lane], members: Sequence[Place]) -> None:
        """Send what may share a request, each lane's part as a whole of its own, and settle all of it."""
        places: dict[int, list[int]] = {}
        for number, position in members:
            places.setdefault(number, []).append(position)
        parcels = [self._parcel(lanes[number], positions) for number, positions in places.items()]
        carried = self.gathering.send(parcels)
        self._count(carried)
        for (number, positions), waiting in zip(places.items(), carried, strict=True):
            for at, position in enumerate(positions):
                lanes[number].settle(position, waiting.outcomes[at])

    def _parcel(self, lane: _Lane, positions: Sequence[int]) -> Parcel:
        beside = frozenset(lane.commands[position].id for position in positions)
        commands = [lane.commands[position] for position in positions]
        if len(commands) == 1 and is_alone(commands[0]):
            params = commands[0].params
            ready = Ready(commands[0], lambda: _filled(params, lane, frozenset(), self._contents))
            return Parcel((ready,), True, self._patience, lane.bearer)
        filled = [replace(one, params=_filled(one.params, lane, beside, None)) for one in commands]
        # An answer of the portal may hold text that looks like a reference: in a batch it would be taken for one.
        is_single = len(filled) == 1 and is_alone(filled[0])
        same = samenesses(filled)
        ready_ones = tuple(
            Ready(one, lambda params=one.params: params, name)  # type: ignore[misc]
            for one, name in zip(filled, same, strict=True)
        )
        return Parcel(ready_ones, is_single, self._patience, lane.bearer)

    def _count(self, carried: Sequence[Waiting]) -> None:
        """A request counts for everybody whose commands it carried."""
        sent = [command for waiting in carried for command in waiting.sent]
        writes = sum(command.writes for command in sent)
        requests = len({waiting.request for waiting in carried if waiting.request})
        with self._lock:
            self._cost += Cost(requests, len(sent) - writes, writes)


def _advance(generator: Steps[T], given: Sequence[Answer] | None) -> Sequence[Command] | Fate[T]:
    try:
        return next(generator) if given is None else generator.send(given)
    except StopIteration as end:
        return Fate(value=end.value)
    except Exception as error:  # noqa: BLE001 - a plugin's fault is its own step's fate
        return Fate(error=error)


def _answers(outcomes: Sequence[Outcome]) -> list[Answer]:
    answers = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
    if len(answers) < len(outcomes):
        raise BatchFailure(outcomes)
    return answers


def _filled(
    params: Mapping[str, object], lane: _Lane, beside: frozenset[str], contents: Bytes | None
) -> dict[str, object]:
    """Return the parameters with files' bytes and with references to all but the commands `beside` filled
    in.
    """

    def fill(value: object) -> object:
        if isinstance(value, Ref):
            return value if value.command in beside else follow(lane.results.get(value.command), value.path)
        if isinstance(value, Content) and contents is not None:
            return b64encode(contents.read(value.file)).decode("ascii")
        if isinstance(value, Mapping):
            return {key: fill(member) for key, member in value.items()}
        if isinstance(value, list | tuple):
            return [fill(member) for member in value]
        return f"{value:f}" if isinstance(value, Decimal) else value

    return {key: fill(member) for key, member in params.items()}
