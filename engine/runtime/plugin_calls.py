"""Calling plugins: whatever they raise is their own fault, and what they sent is remembered.

Decides nothing of a step. A foreign exception becomes PluginError, which ends that run and never the engine; a
`PortalError` passes, since its step is the portal's affair.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from engine.action import Action, Answer, Command, PluginError
from engine.language.values import File
from engine.portal.contents import Contents
from engine.portal.errors import BatchFailure, PortalError, only_reads
from engine.runtime.engine_methods import NUMBER

T = TypeVar("T")
_MOST_KEPT = 2000


@dataclass
class Trace:
    """What a generator sent and was answered: the journal's words, and whether a write has surely happened."""

    answers: list[dict[str, object]] = field(default_factory=list)
    has_written: bool = False
    has_taken_number: bool = False
    asked: Sequence[Command] = ()

    def note(self, answers: Sequence[Answer]) -> None:
        """Remember the answers to the commands asked last."""
        for command, answer in zip(self.asked, answers, strict=False):
            self._keep(command, answer)
        self.asked = ()

    def note_failure(self, failure: PortalError) -> None:
        """Remember a failed turn: some of its commands may have been carried out."""
        outcomes = failure.outcomes if isinstance(failure, BatchFailure) else ()
        for command, outcome in zip(self.asked, outcomes, strict=False):
            if isinstance(outcome, Answer):
                self._keep(command, outcome)
            else:
                self.answers.append({"method": command.method, "error": str(outcome)})

    def _keep(self, command: Command, answer: Answer) -> None:
        if command.method.startswith("engine."):
            return
        if not answer.error and (command.writes or not only_reads(command.method)):
            self.has_written = True
        said = f"{answer.error} {answer.description}".strip() if answer.error else str(answer.result)
        self.answers.append({"method": command.method, "answer": said[:_MOST_KEPT]})


def traced(
    generator: Generator[Sequence[Command], Sequence[Answer], T], action: Action, trace: Trace
) -> Generator[Sequence[Command], Sequence[Answer], T]:
    """Pass a plugin's commands on, noting them; raise PluginError for whatever it raises."""
    answers: Sequence[Answer] | None = None
    while True:
        try:
            commands = next(generator) if answers is None else generator.send(answers)
        except StopIteration as end:
            value: T = end.value
            return value
        except (PluginError, PortalError):
            raise
        except Exception as error:
            raise plugin_error(action, error) from error
        trace.asked = commands
        trace.has_taken_number |= any(command.method == NUMBER for command in commands)
        answers = yield commands
        trace.note(answers)


def call_plugin(action: Action, function: Callable[[], T]) -> T:
    """Return what the function gives. Raises PortalError as it comes, and PluginError for anything else."""
    try:
        return function()
    except (PluginError, PortalError):
        raise
    except Exception as error:
        raise plugin_error(action, error) from error


def plugin_error(action: Action, error: Exception) -> PluginError:
    """Return the plugin's fault that a foreign exception is."""
    return PluginError(action.name.partition(".")[0], action.name, f"{type(error).__name__}: {error}")


def overrides(action: Action, method: str) -> bool:
    """True where the action has its own `method` instead of the contract's default."""
    return getattr(type(action), method) is not getattr(Action, method)


@dataclass(frozen=True)
class Outside:
    """What `perform` may use (see `engine.action.Outside`)."""

    key: str
    now: datetime
    contents: Contents
    methods: Callable[[Command], object]
    about: str = ""

    def read(self, file: File) -> bytes:
        """Return the bytes of a file. Raises PortalError, OSError."""
        return self.contents.read(file)

    def keep(self, name: str, content: bytes) -> File:
        """Store bytes durably; return the file with its size, kind and sha256."""
        return self.contents.keep(name, content)

    def recall(self, key: str) -> str | None:
        """Return what was remembered under `key`."""
        found = self.methods(Command("recall", "engine.recall", {"key": key}))
        return found if isinstance(found, str) else None

    def remember(self, key: str, value: str) -> None:
        """Keep `value` under `key` durably."""
        self.methods(Command("remember", "engine.remember", {"key": key, "value": value}, writes=True))


def is_worth_repeating(error: Exception) -> bool:
    """True where the failure surely did nothing and may pass: the portal's `later`, or a plugin that says so."""
    if isinstance(error, PortalError):
        return error.retry == "later"
    return bool(getattr(error, "retry", False))


def details_of(error: Exception) -> Mapping[str, object]:
    """Return the error as the journal's answers show it."""
    return {"error": str(error)[:_MOST_KEPT]}
