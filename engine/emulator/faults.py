"""Where a portal can be made to fail, and how each failure feels to a caller.

A plan looks at each HTTP request, each command of a batch and each outgoing post, and names a fault or none. This
file decides what a fault is and carries out those of calls; which calls suffer is the plan's business (`planned`
holds the one that a file describes).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, TypeVar

from engine.emulator.errors import RestError
from engine.emulator.php import mapping

_T = TypeVar("_T")


@dataclass(frozen=True)
class Request:
    """What a plan may know of a call: the method as called (lower case, no ``.json``), the n-th request since
    start (commands of batches are counted apart), and the names of its ``fields``, as the caller wrote them.
    """

    method: str
    number: int
    fields: tuple[str, ...] = ()
    in_batch: bool = False


@dataclass(frozen=True)
class Fault:
    """One failure.

    `status` with `code` is an answer in the portal's form; None breaks the connection off instead. `executes`
    says whether the call is carried out (and durable) before: an answer lost after the fact. `delay` is in
    seconds, before anything is answered. One that `goes_through` is carried out and answered as if nothing were
    wrong, only later, or without the fields in `drops`. `rests` is the number of seconds after which a method
    stopped by OPERATION_TIME_LIMIT may run again; the answer says so.
    """

    status: int | None = None
    code: str = "INTERNAL_SERVER_ERROR"
    executes: bool = False
    delay: float = 0.0
    text: str = "Planned fault"
    goes_through: bool = False
    drops: frozenset[str] = field(default_factory=frozenset)
    rests: float = 0.0


FaultPlan: TypeAlias = Callable[[Request], Fault | None]

PostKind: TypeAlias = Literal["dropped", "doubled", "reordered", "late"]


@dataclass(frozen=True)
class Post:
    """What a plan may know of an outgoing post: the event and the n-th post since start."""

    event: str
    number: int


@dataclass(frozen=True)
class PostFault:
    """What befalls a post.

    Dropped: never sent. Doubled: sent again, `seconds` later. Late: sent `seconds` later, others overtake it.
    Reordered: held until `behind` later posts are queued, and `seconds` at most, as there may be no later one.
    """

    kind: PostKind
    seconds: float = 0.0
    behind: int = 1


PostPlan: TypeAlias = Callable[[Post], PostFault | None]


class Broken(Exception):  # noqa: N818 - not an answer of the portal, the lack of one
    """The connection broke off: nothing of the answer reaches the caller."""


def suffer(
    fault: Fault, act: Callable[[frozenset[str]], _T], extra: Mapping[str, object] | None = None
) -> _T:
    """Carry out a call under a fault; `act` is given the names of the fields to lose.

    Raises `Broken`, or `RestError` with `extra` in its body; both whatever the call itself would have answered.
    """
    if fault.goes_through:
        time.sleep(fault.delay)
        return act(fault.drops)
    if fault.executes:
        with suppress(RestError):
            act(frozenset())
    time.sleep(fault.delay)
    if fault.status is None:
        raise Broken
    raise RestError(fault.status, fault.code, fault.text, extra)


def _fields_key(params: Mapping[str, object]) -> str | None:
    return next((key for key in params if key.lower() == "fields"), None)


def given_fields(params: Mapping[str, object]) -> tuple[str, ...]:
    """The names inside a call's ``fields``; none where it has no such map."""
    key = _fields_key(params)
    return () if key is None else tuple(mapping(params[key]))


def without_fields(params: Mapping[str, object], drops: frozenset[str]) -> Mapping[str, object]:
    """The same parameters, some names inside ``fields`` left out."""
    key = _fields_key(params)
    if not drops or key is None:
        return params
    kept = {name: value for name, value in mapping(params[key]).items() if name not in drops}
    return {**params, key: kept}
