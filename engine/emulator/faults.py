"""Where a portal can be made to fail.

A plan looks at each HTTP request and names a fault or none. This file decides what a fault is; `app` carries
it out; which requests suffer is the plan's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Request:
    """What a plan may know: the method as called (lower case, no ``.json``) and the n-th request since
    start.
    """

    method: str
    number: int


@dataclass(frozen=True)
class Fault:
    """One failure.

    `status` with `code` is an answer in the portal's form; None breaks the connection off instead. `executes`
    says whether the call is carried out (and durable) before: an answer lost after the fact. `delay` is in
    seconds, before anything is answered.
    """

    status: int | None = None
    code: str = "INTERNAL_SERVER_ERROR"
    executes: bool = False
    delay: float = 0.0


FaultPlan: TypeAlias = Callable[[Request], Fault | None]
