"""Which commands travel together.

Decides the requests that bring several lanes of commands about, one step's commands after another in each
lane, lanes independent of each other. Pure: the gateway sends what `pack` says and `estimate` only counts it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from engine.action import Command, Content, Ref

LARGEST_BATCH = 50

Place: TypeAlias = tuple[int, int]
"""Lane and position in it."""

# Refused inside a batch: batches themselves, and methods that carry a file's bytes (PROTOCOL §1).
_ALONE = frozenset({"batch", "disk.folder.uploadfile", "disk.storage.uploadfile", "disk.file.uploadversion"})


@dataclass(frozen=True, slots=True)
class _Nothing:
    """An empty map or list inside parameters."""


@dataclass(frozen=True, slots=True)
class Group:
    """Commands that go out together: one of the engine's own methods, one request, or one batch of up to
    50.
    """

    kind: Literal["engine", "single", "batch"]
    members: tuple[Place, ...]


def pack(lanes: Sequence[Sequence[Command]]) -> list[Group]:
    """Return the groups in the order to send them. Within a lane no command overtakes an earlier one."""
    return list(_Packing(lanes).groups())


def is_engine_method(command: Command) -> bool:
    """True where the engine itself answers."""
    return command.method.startswith("engine.")


def is_alone(command: Command) -> bool:
    """True where the command cannot be said, or is refused, in a batch.

    A batch is written as URL queries: an empty list vanishes there, and text that looks like a reference is
    taken
    for one, so that a client called `$result[…]` would read other items' fields.
    """
    return command.method.lower() in _ALONE or any(map(_is_for_json, leaves(command.params)))


def _is_for_json(leaf: object) -> bool:
    return isinstance(leaf, Content | _Nothing) or (isinstance(leaf, str) and "$result" in leaf)


def leaves(value: object) -> Iterator[object]:
    """Yield everything inside parameters that is neither a map nor a list; an empty one inside gives
    `_Nothing`.
    """
    if isinstance(value, Mapping | list | tuple):
        for member in value.values() if isinstance(value, Mapping) else value:
            yield from leaves(member)
            if isinstance(member, Mapping | list | tuple) and not member:
                yield _Nothing()
    else:
        yield value


def references(command: Command) -> Iterator[Ref]:
    """Yield the references in a command's parameters."""
    return (leaf for leaf in leaves(command.params) if isinstance(leaf, Ref))


@dataclass(slots=True)
class _Packing:
    lanes: Sequence[Sequence[Command]]
    heads: list[int] = field(default_factory=list)

    def groups(self) -> Iterator[Group]:
        self.heads = [0] * len(self.lanes)
        while any(head < len(lane) for head, lane in zip(self.heads, self.lanes, strict=True)):
            yield from self._alone()
            members = tuple(self._batch())
            if members:
                yield Group("single" if len(members) == 1 else "batch", members)

    def _alone(self) -> Iterator[Group]:
        """Take what cannot share a request from the head of every lane, so that the rest meets in one
        batch.
        """
        for lane, commands in enumerate(self.lanes):
            while self.heads[lane] < len(commands):
                command = commands[self.heads[lane]]
                if not is_engine_method(command) and not is_alone(command):
                    break
                yield Group("engine" if is_engine_method(command) else "single", ((lane, self.heads[lane]),))
                self.heads[lane] += 1

    def _batch(self) -> Iterator[Place]:
        room = LARGEST_BATCH
        for lane, commands in enumerate(self.lanes):
            while room and self.heads[lane] < len(commands):
                command = commands[self.heads[lane]]
                if is_engine_method(command) or is_alone(command):
                    break
                yield lane, self.heads[lane]
                self.heads[lane] += 1
                room -= 1
