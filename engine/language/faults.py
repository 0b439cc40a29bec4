"""A fault of an expression or template before it has a place in a file: a code and two character offsets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TypeAlias

from engine.language.diagnostics import Diagnostic, Span

Place: TypeAlias = Callable[[int, int], Span]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong between the characters `start` and `end` (exclusive) of a text; codes R200–R299."""

    code: str
    start: int
    end: int
    values: Mapping[str, str] = field(default_factory=dict)

    def diagnostic(self, place: Place, shift: int = 0) -> Diagnostic:
        """Return the diagnostic of this fault for a text that starts `shift` characters into its scalar."""
        return Diagnostic(self.code, place(self.start + shift, self.end + shift), dict(self.values))


def suggest(name: str, known: Iterable[str]) -> dict[str, str]:
    """Return `{"suggestion": …}` where a known name looks like `name`, else nothing."""
    names = sorted(known)
    folded = {candidate.casefold(): candidate for candidate in names}
    close = get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return {"suggestion": folded[close[0]]} if close else {}
