"""The contract between an action and the engine: an action tells, the engine acts.

An action describes an effect, gives the portal commands that bring it about as data, the read that proves it, the
look-up that answers "did an earlier try happen?", and the commands that take it back. It never holds a connection:
its generators yield commands and are sent the answers, so that the engine batches, limits, records and retries.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar, Protocol, TypeAlias

from engine.effects import Effect, Said
from engine.language.values import File, Item, Undecided, Value

Params: TypeAlias = Mapping[str, "Value | Mapping[str, Value]"]


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter: its type (`text`, `money`, `user`, `list of file`, `path`, `stage of deal`, …) and meaning.

    Special types: `template` names a mail template, which the engine expands into the parameters `subject` and
    `text` before `effect`; `item` is an item of any entity; `any` is not checked.
    """

    type: str
    doc: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Ref:
    """Inside a command's parameters: the answer of an earlier command of the same step, by its id and a path."""

    command: str
    path: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """Inside a command's parameters: the bytes of `file`, base64, filled in by the engine when it sends."""

    file: File


@dataclass(frozen=True, slots=True)
class Command:
    """One portal method with its parameters, as data.

    `id` is unique within its step. `assume` is what an estimate without a portal takes for the answer's `result`
    (the costliest case). Error codes in `tolerate` come back as an answer; any other fails the step. Methods that
    begin with `engine.` are the engine's own: `engine.number.take` {series, owner, year, format} → text,
    `engine.recall` {key} → text or None, `engine.remember` {key, value} → None, `engine.key` {} → the key claimed for
    this step.
    """

    id: str
    method: str
    params: Mapping[str, object]
    writes: bool = False
    assume: object = None
    tolerate: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the portal said to one command: `result`, or a tolerated `error` code with its description."""

    command: str
    result: object = None
    error: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """What a read-back found: the portal holds `found` where we meant `meant`, and the likely cause."""

    item: str
    field: str
    meant: str
    found: str
    cause: Said


Commands: TypeAlias = Generator[Sequence[Command], Sequence[Answer], Value]
"""Yields commands to send together, is sent their answers in order, returns the action's result."""

Verification: TypeAlias = Generator[Sequence[Command], Sequence[Answer], tuple[Discrepancy, ...]]
"""The same for a read-back; returns what differs, empty when the portal says what we meant."""


class Facts(Protocol):
    """What `effect` may read: facts of this event, the event's time, nothing else."""

    @property
    def now(self) -> datetime:
        """The event's time, aware, in the company's time zone."""

    @property
    def today(self) -> date:
        """The event's day in the company's time zone."""

    def field(self, item: Item, name: str) -> Value:
        """Return a field of an item, or undecided."""

    def new(self, entity: str) -> Item:
        """Return the planned item of this step (`act/new-1`); the same one however often it is asked."""

    def add_workdays(self, start: date, count: int) -> date:
        """Return the `count`-th working day after `start` by the company's calendar."""


class Outside(Protocol):
    """What `perform` may use: bytes in, bytes out, and the key that makes the effect happen once."""

    @property
    def key(self) -> str:
        """The business key claimed for this step."""

    @property
    def now(self) -> datetime:
        """The event's time."""

    @property
    def about(self) -> str:
        """The deal that the run is about as `deal/118`, its item where that has no deal; empty where neither."""

    def read(self, file: File) -> bytes:
        """Return the bytes of a file of the portal or of the engine's own store. Raises PortalError, OSError."""

    def keep(self, name: str, content: bytes) -> File:
        """Store bytes durably and return the file with its size, kind and sha256."""

    def recall(self, key: str) -> str | None:
        """Return what was remembered under `key`, by `perform` or by an `engine.remember` command."""

    def remember(self, key: str, value: str) -> None:
        """Keep `value` under `key`: after the return it survives a power cut."""


@dataclass
class PluginError(Exception):
    """A plugin broke its promise: ends that run, never the engine.

    Not frozen: Python writes the traceback into an exception that passes through a context.
    """

    plugin: str
    action: str
    what: str

    def __str__(self) -> str:
        """Name the plugin, the action and what happened."""
        owned = self.action == self.plugin or self.action.startswith(self.plugin + ".")
        return f"{self.action if owned else f'{self.plugin}.{self.action}'}: {self.what}"


class Action(ABC):
    """A named ability of a plugin. Subclass it, give the class attributes, write `effect`, then how to do it.

    `parameters` declares every parameter; `open_parameters` is set where keys are free field names
    (`field.set: {act.signed: true}`). `title` is what people read in place of the name.
    `result` is the type that `as:` gets. `kinds` lists the kinds of change it
    may make (for `engine check`). `irreversible` actions are done at most once under their key, `needs_key` ones
    must be given one by the regulation. `example` is a YAML list entry that a test loads.
    """

    name: ClassVar[str]
    title: ClassVar[Said] = Said("", "")
    parameters: ClassVar[Mapping[str, Param]]
    example: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]] = ()
    result: ClassVar[str] = ""
    open_parameters: ClassVar[bool] = False
    irreversible: ClassVar[bool] = False
    needs_key: ClassVar[bool] = False

    @abstractmethod
    def effect(self, params: Params, facts: Facts) -> Effect | Undecided:
        """Say what would change. Pure: no file, socket, clock; the same parameters and facts give the same effect."""

    def commands(self, effect: Effect) -> Commands:
        """Yield the portal commands that bring the effect about; return the result. None by default."""
        yield from ()
        return effect.result

    def verify(self, effect: Effect, result: Value) -> Verification:
        """Yield the reads that prove it; return what the portal dropped or altered. Nothing by default."""
        yield from ()
        return ()

    def probe(self, key: str, effect: Effect) -> Commands:
        """Look on the portal for an earlier try under `key`; return its result, or None if there surely was none.

        Undecided where neither can be said: its reason tells a person what to look for. What an earlier try left
        half-done may be completed here, where repeating that is harmless.
        """
        yield from ()
        return None

    def undo(self, effect: Effect, result: Value) -> Commands | None:
        """Return the commands that take the effect back, or None where that is impossible (the default).

        They return undecided where the portal shows that it cannot be done, or not wholly: changed since, there before.
        Run twice they do nothing more.
        """
        return None

    def perform(self, effect: Effect, outside: Outside) -> Value:
        """Do what is not the portal (mail, a PDF) and return the result. Called after `commands`."""
        return effect.result

    def frees(self, earlier: Value, facts: Facts) -> bool:
        """True where the earlier result under the same key no longer stands (a cancelled act), so the key is free."""
        return False


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """Where an action came from, for messages: the plugin's name and its file or distribution."""

    name: str
    origin: str
    actions: tuple[Action, ...] = field(default_factory=tuple)
