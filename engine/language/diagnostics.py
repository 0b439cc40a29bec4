"""A place in a file, and what is wrong there.

Diagnostics are for the author of a regulation: they are gathered in lists, never raised one at a time. Their
texts live in `engine/language/messages/`, one page a code; `engine.language.rendering` prints them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a file: 1-based lines and columns (columns count characters), the end exclusive."""

    file: str
    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1

    def __str__(self) -> str:
        """`regulations/acts.yaml:31:9`."""
        return f"{self.file}:{self.line}:{self.column}"


NOWHERE = Span("")


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `code` has a page in `messages/`; `values` fill its text in either language.

    `severity` is `error`, `warning` or `advice`; `values["suggestion"]` (if any) is the mend's most likely name.
    """

    code: str
    span: Span
    values: Mapping[str, str] = field(default_factory=dict)
    severity: str = "error"
    related: tuple[tuple[Span, str], ...] = ()

    @property
    def is_error(self) -> bool:
        """True where the regulation must not come into force."""
        return self.severity == "error"


def by_place(found: Diagnostic) -> tuple[str, int, int, str]:
    """Sort key: file, line, column, code."""
    return (found.span.file, found.span.line, found.span.column, found.code)
