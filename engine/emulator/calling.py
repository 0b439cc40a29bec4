"""What a method is given and how its arguments are asked for.

Controller-style methods are strict about parameter names, the older generation is not: `need` and `loose` are
the two ways. A method returns a JSON value or a `Page`, or raises `RestError`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from engine.emulator.errors import missing_parameter
from engine.emulator.php import mapping

if TYPE_CHECKING:
    from engine.emulator.portal import Portal


@dataclass(frozen=True)
class Caller:
    """On whose behalf a call is made: an employee, through a webhook or an application with some scopes."""

    user: int
    scopes: frozenset[str]
    key: str
    """Names the webhook or the application in the meter of run time."""
    application: int | None = None
    """The application whose token the call carries; None for a webhook."""


@dataclass(frozen=True)
class Call:
    """One call of one method."""

    portal: Portal
    caller: Caller
    params: Mapping[str, object]
    base_url: str
    """Where the portal was reached, without a final slash: links that a client must open start with it."""

    @property
    def user(self) -> int:
        """The id of the acting employee."""
        return self.caller.user

    def need(self, name: str) -> object:
        """A required argument under its exact name; `RestError` 100 without it."""
        if name not in self.params:
            raise missing_parameter(name)
        return self.params[name]

    def need_int(self, name: str) -> int:
        """A required numeric argument; text that is no number counts as 0, as in PHP."""
        return to_int(self.need(name))

    def loose(self, name: str, default: object = None) -> object:
        """An argument under its name in any case."""
        if name in self.params:
            return self.params[name]
        wanted = name.lower()
        return next((value for key, value in self.params.items() if key.lower() == wanted), default)

    def map(self, name: str) -> dict[str, object]:
        """An argument that is a map, in any case of its name; empty if absent."""
        return mapping(self.loose(name))


def to_int(value: object) -> int:
    """A number as PHP casts it: 0 where there is none."""
    try:
        return int(str(value).strip())
    except ValueError:
        return 0


Run: TypeAlias = Callable[[Call], object]


@dataclass(frozen=True)
class Method:
    """A method of the portal: its scope ("" is open to every webhook) and whether a batch may hold it."""

    name: str
    scope: str
    run: Run
    in_batch: bool = True
