"""One request made of several runs' commands, and its answer taken apart again.

Decides how commands of strangers stand in one batch and what each of them gets from its answer: a refusal, a lost
answer or a failure of one says nothing about the others (`halt: 0`). Pure: `gathering` decides who travels when.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TypeAlias

from engine.action import Answer, Command
from engine.portal.errors import PortalError, Retry, classify, only_reads
from engine.portal.packing import references
from engine.portal.query import batch_command, batch_key

Outcome: TypeAlias = Answer | PortalError
Params: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Ready:
    """A command whose parameters are filled in, but for references to commands of the same parcel.

    `fill` gives them at the moment of sending: a file's bytes are not held while the command waits. Reads that are
    the `same` share one answer where they travel together; empty for what must be asked by itself.
    """

    command: Command
    fill: Callable[[], Params]
    same: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """Commands that stay together and in order; `is_alone` where they share no request: then it is one command.

    `patience` is how many seconds it lets later ones of no patience go first. `bearer` is whom its cost is put
    down to: a rule's id, empty for the engine itself.
    """

    ready: tuple[Ready, ...]
    is_alone: bool = False
    patience: float = 0.0
    bearer: str = ""


@dataclass(eq=False, slots=True)
class Waiting:
    """A parcel under way: what became of each of its commands so far, and the request that carried it."""

    parcel: Parcel
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    sent: list[Command] = field(default_factory=list)
    request: int = 0
    share: float = 0.0

    @property
    def is_done(self) -> bool:
        """True where every command has its outcome."""
        return len(self.outcomes) == len(self.parcel.ready)

    @property
    def open(self) -> list[int]:
        """The positions without an outcome."""
        return [at for at in range(len(self.parcel.ready)) if at not in self.outcomes]

    def new_in(self, seen: AbstractSet[str]) -> tuple[int, set[str]]:
        """Return how much room it takes beside reads already `seen` in the batch, and the reads it brings itself."""
        ready = [self.parcel.ready[at] for at in self.open]
        brought = {one.same for one in ready if one.same} - seen
        return sum(not one.same for one in ready) + len(brought), brought

    def refuse(self, why: Callable[[Command], PortalError | None]) -> None:
        """Settle what `why` gives an error for, and what is built on its answer; the rest is untouched."""
        refused: dict[str, PortalError] = {}
        for at in self.open:
            command = self.parcel.ready[at].command
            error = why(command)
            for ref in references(command) if error is None else ():
                if (cause := refused.get(ref.command)) is not None:
                    text = f"not sent: {cause}"
                    error = PortalError(command.method, cause.code, text, cause.retry, cause.retry_after)
            if error is not None:
                refused[command.id] = error
                self.outcomes[at] = error

    def fail(self, error: PortalError) -> None:
        """Settle everything open with what the failure of the request means for it."""
        for at in self.open:
            self.outcomes[at] = _share(error, self.parcel.ready[at].command)


Member: TypeAlias = tuple[Waiting, int]
"""A waiting parcel and the position of one of its commands."""


def batch_of(parcels: Sequence[Waiting]) -> tuple[dict[str, str], dict[str, list[Member]]]:
    """Return the commands of one batch by key, and whom the answer of each key is for.

    A parcel that cannot be put into words is failed and left out.
    """
    texts: dict[str, str] = {}
    members: dict[str, list[Member]] = {}
    shared: dict[str, str] = {}
    for waiting in parcels:
        mine: dict[str, str] = {}
        keys: dict[str, str] = {}
        own: list[tuple[str, int]] = []
        try:
            for at in waiting.open:
                ready = waiting.parcel.ready[at]
                key = shared.get(ready.same) if ready.same else None
                if key is None:
                    key = batch_key(len(texts) + len(mine))
                    mine[key] = batch_command(ready.command.method, ready.fill(), keys)
                keys[ready.command.id] = key
                own.append((key, at))
        except Exception as error:  # noqa: BLE001 - what a plugin wrote into its command is its own run's fate
            waiting.fail(PortalError("", "FAULT", f"cannot be sent: {type(error).__name__}: {error}"))
            continue
        texts |= mine
        for key, at in own:
            members.setdefault(key, []).append((waiting, at))
            if (same := waiting.parcel.ready[at].same) and key in mine:
                shared[same] = key
    return texts, members


def samenesses(commands: Sequence[Command]) -> list[str]:
    """Return for each command of a parcel what makes it the same read as another; empty where it shares no answer.

    What stands behind a write of its own parcel must see that write: it is asked by itself. References are followed, so
    that a whole chain may be the same. Raises what an unspeakable parameter raises.
    """
    names: dict[str, str] = {}
    found: list[str] = []
    has_written = False
    for command in commands:
        has_written = has_written or is_write(command)
        is_own = has_written or any(not names.get(ref.command) for ref in references(command))
        names[command.id] = "" if is_own else batch_command(command.method, command.params, names)
        found.append(names[command.id])
    return found


def outcome_in(result: object, key: str, command: Command) -> Outcome:
    """Return the outcome of one command of a batch; empty maps come as lists (PROTOCOL §1)."""
    parts = result if isinstance(result, Mapping) else {}
    errors, results = parts.get("result_error"), parts.get("result")
    if isinstance(errors, Mapping) and key in errors:
        body = errors[key] if isinstance(errors[key], Mapping) else {"error": str(errors[key])}
        return classify(command.method, _status(str(body.get("error"))), body, writes=is_write(command))
    if isinstance(results, Mapping) and key in results:
        return Answer(command.id, results[key])
    retry: Retry = "unknown" if is_write(command) else "later"
    return PortalError(command.method, "NO_ANSWER", "the batch's answer says nothing of this command", retry)


def times_in(result: object, key: str) -> object:
    """Return what a batch's answer says of the running time of one command; None where it says nothing."""
    times = result.get("result_time") if isinstance(result, Mapping) else None
    return times.get(key) if isinstance(times, Mapping) else None


def is_write(command: Command) -> bool:
    """True unless both the command and its method's name say that it changes nothing."""
    return command.writes or not only_reads(command.method)


def _share(error: PortalError, command: Command) -> PortalError:
    """Return what the failure of a whole request means for one command: a read never has unknown outcome."""
    retry: Retry = "later" if error.retry == "unknown" and not is_write(command) else error.retry
    return PortalError(command.method, error.code, error.description, retry, error.retry_after)


def _status(code: str) -> int:
    # Inside a batch an error has no HTTP status of its own.
    return 500 if code in ("INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER") else 400
