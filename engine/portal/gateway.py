"""The way of commands to the portal: as few requests as possible, each command with a fate of its own.

Decides nothing about the commands' meaning. What shares a request is said by `packing`; what one command's
failure means for its step is the caller's affair, it never touches the others (`halt: 0`).
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
from engine.portal.errors import BatchFailure, PortalError, Retry, classify, only_reads
from engine.portal.estimate import Cost
from engine.portal.packing import Group, Place, pack, references
from engine.portal.query import batch_command, batch_key, follow

T = TypeVar("T")
Outcome: TypeAlias = Answer | PortalError
Steps: TypeAlias = Generator[Sequence[Command], Sequence[Answer], T]
EngineMethods: TypeAlias = Callable[[Command], object]


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

    def __init__(self, client: PortalClient, contents: Bytes, engine_methods: EngineMethods) -> None:
        self.client, self._contents, self._engine_methods = client, contents, engine_methods
        self._lock = threading.Lock()
        self._cost = Cost()

    def metered(self) -> Gateway:
        """Return a way to the same portal that counts its own cost."""
        return Gateway(self.client, self._contents, self._engine_methods)

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

    def drive(self, generator: Steps[T]) -> T:
        """Run one step's generator to its end; return its result. Raises `BatchFailure` and what it raises
        itself.
        """
        fate = self.drive_all([generator])[0]
        if fate.error is not None:
            raise fate.error
        return fate.value  # type: ignore[return-value]

    def drive_all(self, generators: Sequence[Steps[T]]) -> list[Fate[T]]:
        """Run several steps side by side; commands asked for at the same turn share requests.

        One that fails is closed and the others go on. Errors of the engine's own methods travel up.
        """
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
                    asked[number] = _Lane(turn, known[number])
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
            members = [place for place in group.members if self._is_ready(lanes, place, group)]
            if not members:
                continue
            if group.kind == "engine":
                self._ask_engine(lanes, members[0])
            elif len(members) == 1:
                self._send_single(lanes, members[0])
            else:
                self._send_batch(lanes, members)

    def _is_ready(self, lanes: Sequence[_Lane], place: Place, group: Group) -> bool:
        """False, and the command settled as not sent, where it needs an answer that an earlier request
        failed to give.

        Inside one batch the portal itself decides: it fills in nothing and the command fails for want of an
        id.
        """
        lane = lanes[place[0]]
        command = lane.commands[place[1]]
        beside = {lane.commands[position].id for number, position in group.members if number == place[0]}
        for ref in references(command):
            failure = lane.failures.get(ref.command)
            if failure is not None and (group.kind != "batch" or ref.command not in beside):
                retry: Retry = "never" if failure.retry == "never" else "later"
                text = f"not sent: it needs the answer of {ref.command}, which failed ({failure})"
                lane.settle(place[1], PortalError(command.method, "NOT_SENT", text, retry))
                return False
        return True

    def _ask_engine(self, lanes: Sequence[_Lane], place: Place) -> None:
        lane, command = lanes[place[0]], lanes[place[0]].commands[place[1]]
        filled = replace(command, params=_filled(command.params, lane, frozenset(), None))
        try:
            lane.settle(place[1], Answer(command.id, self._engine_methods(filled)))
        except PortalError as error:
            lane.settle(place[1], error)

    def _send_single(self, lanes: Sequence[_Lane], place: Place) -> None:
        lane, command = lanes[place[0]], lanes[place[0]].commands[place[1]]
        try:
            params = _filled(command.params, lane, frozenset(), self._contents)
        except OSError as error:
            lane.settle(
                place[1], PortalError(command.method, "NO_CONTENT", f"the file cannot be read: {error}")
            )
            return
        except PortalError as error:
            lane.settle(place[1], error)
            return
        self._count([command])
        try:
            envelope = self.client.call(command.method, params, writes=_is_write(command))
        except PortalError as error:
            lane.settle(place[1], error)
        else:
            lane.settle(place[1], Answer(command.id, envelope["result"]))

    def _send_batch(self, lanes: Sequence[_Lane], members: Sequence[Place]) -> None:
        keys = {place: batch_key(position) for position, place in enumerate(members)}
        by_id = {
            (number, lanes[number].commands[position].id): key for (number, position), key in keys.items()
        }
        texts: dict[str, str] = {}
        for (number, position), key in keys.items():
            command = lanes[number].commands[position]
            beside = frozenset(name for lane, name in by_id if lane == number)
            params = _filled(command.params, lanes[number], beside, None)
            texts[key] = batch_command(command.method, params, {name: by_id[number, name] for name in beside})
        commands = [lanes[number].commands[position] for number, position in members]
        self._count(commands)
        try:
            envelope = self.client.call(
                "batch", {"halt": 0, "cmd": texts}, writes=any(map(_is_write, commands))
            )
        except PortalError as error:
            for (number, position), command in zip(members, commands, strict=True):
                lanes[number].settle(position, _share(error, command))
            return
        for ((number, position), key), command in zip(keys.items(), commands, strict=True):
            outcome = _unpack(envelope["result"], key, command)
            if isinstance(outcome, PortalError):
                outcome = self.client.with_rest(command.method, outcome)
                self.client.spending.refused(outcome.code)
            else:
                self.client.remember_rest(command.method, _times_of(envelope["result"], key))
            lanes[number].settle(position, outcome)

    def _count(self, commands: Sequence[Command]) -> None:
        writes = sum(command.writes for command in commands)
        with self._lock:
            self._cost += Cost(1, len(commands) - writes, writes)


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


def _is_write(command: Command) -> bool:
    return command.writes or not only_reads(command.method)


def _share(error: PortalError, command: Command) -> PortalError:
    """Return what the failure of a whole batch means for one of its commands: a read never has unknown
    outcome.
    """
    retry: Retry = "later" if error.retry == "unknown" and not _is_write(command) else error.retry
    return PortalError(command.method, error.code, error.description, retry, error.retry_after)


def _unpack(result: object, key: str, command: Command) -> Outcome:
    """Return the outcome of one command of a batch; empty maps come as lists (PROTOCOL §1)."""
    parts = result if isinstance(result, Mapping) else {}
    errors, results = parts.get("result_error"), parts.get("result")
    if isinstance(errors, Mapping) and key in errors:
        body = errors[key] if isinstance(errors[key], Mapping) else {"error": str(errors[key])}
        return classify(command.method, _status(str(body.get("error"))), body, writes=_is_write(command))
    if isinstance(results, Mapping) and key in results:
        return Answer(command.id, results[key])
    retry: Retry = "unknown" if _is_write(command) else "later"
    return PortalError(command.method, "NO_ANSWER", "the batch's answer says nothing of this command", retry)


def _times_of(result: object, key: str) -> object:
    times = result.get("result_time") if isinstance(result, Mapping) else None
    return times.get(key) if isinstance(times, Mapping) else None


def _status(code: str) -> int:
    # Inside a batch an error has no HTTP status of its own.
    return 500 if code in ("INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER") else 400


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
