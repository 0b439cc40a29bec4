"""Templates: text with `${expression | format}` inside, as parameters and mail texts hold them.

A text that is one `${…}` alone keeps the expression's type; a text without any is a constant of the type that
its place asks for; anything else is text. This module knows no parameter and no action.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engine.language.diagnostics import Diagnostic, Span
from engine.language.expression import Expression, compile_part, finish
from engine.language.expressions.operators import is_empty
from engine.language.expressions.slots import Slot, Text, split_template
from engine.language.faults import Fault, Place, suggest
from engine.language.formats import FORMATS, SHOWN, format_value, joined_text, plain_text
from engine.language.known_names import Names
from engine.language.literals import parse_literal
from engine.language.paths import safe_name, safe_parts
from engine.language.reading import Reading
from engine.language.types import ANY, TEXT, Type
from engine.language.values import Mixed, Path, Pending, Segment, Undecided, Value

__all__ = ["Template", "compile_template"]

MAX_TEMPLATE: Final = 100_000
MAX_SLOTS: Final = 500


@dataclass(frozen=True, slots=True)
class Part:
    """One `${…}` of a template: its expression and the format that ends it, empty for none."""

    expression: Expression
    format: str = ""

    def value(self, reading: Reading) -> Value:
        """Return the value, formatted where a format is asked for."""
        found = self.expression.evaluate(reading)
        zone = reading.now.tzinfo
        return format_value(self.format, found, zone) if self.format and zone else found


@dataclass(frozen=True, eq=False)
class Template:
    """A checked template. Two are equal where they are the same object.

    `type` is what `render` gives. `constant` is a 1-tuple of the value of a text without `${…}`. `levels` are
    the parts between the slashes of the written text, for `render_path`.
    """

    text: str
    span: Span
    type: Type
    needs: frozenset[str]
    constant: tuple[Value, ...]
    parts: tuple[str | Part, ...]
    levels: tuple[tuple[str | Part, ...], ...]

    @property
    def is_constant(self) -> bool:
        """True where the text has no `${…}`."""
        return bool(self.constant)

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The expressions inside, in text order."""
        return tuple(part.expression for part in self.parts if isinstance(part, Part))

    def render(self, reading: Reading) -> Value:
        """Return the value: the expression's own for a lone `${…}`, else text.

        Text with a pending part is `Mixed`; one undecided part leaves the whole undecided. Never raises on
        facts.
        """
        if self.constant:
            return self.constant[0]
        if len(self.parts) == 1 and isinstance(self.parts[0], Part):
            value = self.parts[0].value(reading)
            if self.type != TEXT or value is None:
                return value
            return plain_text(value, reading)
        return joined_text([_shown(part, reading) for part in self.parts])

    def render_path(self, reading: Reading) -> Path | Undecided:
        """Return the path of safe names, split at the slashes of the text before the values come in.

        A value of which nothing safe is left (empty, dots only) refuses the whole path: undecided with the
        reason.
        """
        segments: list[Segment] = []
        for level in self.levels:
            segment = _segment(level, reading)
            if isinstance(segment, Undecided):
                return segment
            segments.append(segment)
        return Path(tuple(segments))


def _shown(part: str | Part, reading: Reading) -> str | Pending | Mixed | Undecided:
    return part if isinstance(part, str) else plain_text(part.value(reading), reading)


def _segment(level: Sequence[str | Part], reading: Reading) -> Segment | Undecided:
    shown = [_shown(part, reading) for part in level]
    for part, text in zip(level, shown, strict=True):
        if isinstance(text, Undecided):
            return text
        if isinstance(part, Part) and isinstance(text, str) and not safe_name(text):
            return Undecided(f"no name for a folder: {part.expression.text}")
    text = joined_text(shown)
    if isinstance(text, Mixed):
        return Segment(safe_parts(text), _origin(level, reading))
    name = safe_name(text) if isinstance(text, str) else ""
    return (
        Segment(name, _origin(level, reading)) if name else Undecided(f"no name for a folder: {text}"[:200])
    )


def _origin(level: Sequence[str | Part], reading: Reading) -> str:
    """Return the item whose field alone fills a segment."""
    only = level[0] if len(level) == 1 else ""
    item = only.expression.owner(reading) if isinstance(only, Part) and not only.format else None
    return str(item) if item else ""


def compile_template(
    text: str, place: Place, names: Names, expected: Type | None = None
) -> tuple[Template | None, list[Diagnostic]]:
    """Return the template that `text` writes and what is wrong with it (then the template is None).

    `expected` converts a constant (`true`, `48500.00 RUB`, `2026-03-01`) and is what a lone `${…}` has to
    fit; where it is text, any value that has a plain form fits. `path` also checks the levels of
    `render_path`.
    """
    if len(text) > MAX_TEMPLATE:
        values = {"limit": str(MAX_TEMPLATE), "found": str(len(text))}
        return None, [Fault("R255", MAX_TEMPLATE, len(text), values).diagnostic(place)]
    pieces, fault = split_template(text)
    if fault:
        return None, [fault.diagnostic(place)]
    slots = [piece for piece in pieces if isinstance(piece, Slot)]
    if len(slots) > MAX_SLOTS:
        values = {"limit": str(MAX_SLOTS), "found": str(len(slots))}
        return None, [Fault("R255", slots[MAX_SLOTS].start, len(text), values).diagnostic(place)]
    builder = _Builder(names, place, expected, is_lone=len(pieces) == 1 and bool(slots))
    found = builder.build(text, pieces)
    return (None, [one.diagnostic(place) for one in builder.faults]) if builder.faults else (found, [])


class _Builder:
    """One compilation of a template; `faults` fill while it goes."""

    def __init__(self, names: Names, place: Place, expected: Type | None, *, is_lone: bool) -> None:
        self.names = names
        self.place = place
        self.expected = expected
        self.is_lone = is_lone
        self.faults: list[Fault] = []

    def build(self, text: str, pieces: Sequence[Text | Slot]) -> Template | None:
        parts = [piece.text if isinstance(piece, Text) else self._part(piece) for piece in pieces]
        levels = self._levels(pieces, parts) if self.expected and self.expected.kind == "path" else ()
        if self.faults:
            return None
        made = [part for part in parts if part is not None]
        needs = frozenset(need for part in made if isinstance(part, Part) for need in part.expression.needs)
        constant = () if any(isinstance(part, Part) for part in made) else (self._constant(text, made),)
        span = self.place(0, len(text))
        return Template(text, span, self._type(made), needs, constant, tuple(made), tuple(levels))

    def _constant(self, text: str, parts: Sequence[str | Part]) -> Value:
        written = "".join(part for part in parts if isinstance(part, str))
        if self.expected is None:
            return written
        value = parse_literal(written, self.expected)
        if isinstance(value, Fault):
            self.faults.append(Fault(value.code, 0, len(text), value.values))
            return None
        return value

    def _type(self, parts: Sequence[str | Part]) -> Type:
        if self.is_lone and isinstance(parts[0], Part):
            part = parts[0]
            is_text = part.format or (self.expected == TEXT and part.expression.type.kind != "empty")
            return TEXT if is_text else part.expression.type
        has_slots = any(isinstance(part, Part) for part in parts)
        return TEXT if has_slots or self.expected is None else self.expected

    def _part(self, slot: Slot) -> Part | None:
        """Compile one `${…}`; what is wrong lands in `faults` at its offset in the whole text."""
        keeps_type = self.is_lone and not slot.format and self.expected not in (None, TEXT)
        wanted = self.expected if keeps_type and self.expected and self.expected.kind != "path" else None
        compiled, faults = compile_part(slot.text, self.names, wanted)
        self.faults.extend(
            Fault(one.code, one.start + slot.at, one.end + slot.at, one.values) for one in faults
        )
        if compiled is None:
            return None
        type_ = compiled.node.type
        if slot.format:
            self._check_format(slot, type_)
        elif wanted is None and not (self.is_lone and self.expected is None):
            self._check_shown(slot, type_)
        span = self.place(slot.at, slot.at + len(slot.text))
        return Part(finish(compiled, span, wanted), slot.format)

    def _check_format(self, slot: Slot, type_: Type) -> None:
        span = (slot.format_at, slot.format_at + len(slot.format))
        if slot.format not in FORMATS:
            known = ", ".join(FORMATS)
            values = {"name": slot.format, "known": known, **suggest(slot.format, FORMATS)}
            self.faults.append(Fault("R252", *span, values))
            return
        kinds = FORMATS[slot.format].kinds
        if type_.kind not in (*kinds, "any", "empty"):
            takes = ", ".join(sorted(kinds))
            fitting = [name for name, one in FORMATS.items() if type_.kind in one.kinds]
            mend = {"suggestion": fitting[0]} if fitting else {}
            self.faults.append(
                Fault("R253", *span, {"name": slot.format, "type": str(type_), "expected": takes, **mend})
            )
        elif self.is_lone and self.expected and self.expected.kind not in ("text", "any", "path"):
            values = {"expected": str(self.expected), "found": "text"}
            self.faults.append(Fault("R245", *span, values))

    def _check_shown(self, slot: Slot, type_: Type) -> None:
        kind = (type_.of or ANY).kind if type_.kind == "list" else type_.kind
        if kind not in SHOWN:
            self.faults.append(Fault("R254", slot.at, slot.at + len(slot.text), {"type": str(type_)}))

    def _levels(
        self, pieces: Sequence[Text | Slot], parts: Sequence[str | Part | None]
    ) -> list[tuple[str | Part, ...]]:
        """Split the written text at its slashes; a level without anything, or of dots only, is a fault."""
        levels: list[list[str | Part]] = [[]]
        starts = [0]
        for piece, part in zip(pieces, parts, strict=True):
            if isinstance(piece, Slot) or not isinstance(part, str):
                levels[-1].extend([part] if part is not None else [])
                continue
            at = piece.at
            for number, text in enumerate(part.split("/")):
                if number:
                    levels.append([])
                    starts.append(at)
                if text:
                    levels[-1].append(text)
                at += len(text) + 1
        for level, start in zip(levels, starts, strict=True):
            self._check_level(level, start)
        return [tuple(level) for level in levels]

    def _check_level(self, level: Sequence[str | Part], start: int) -> None:
        fixed = "".join(part for part in level if isinstance(part, str))
        if any(isinstance(part, Part) for part in level) or self.faults:
            return
        if is_empty(fixed):
            self.faults.append(Fault("R257", max(start - 1, 0), max(start, 1)))
        elif not safe_name(fixed):
            self.faults.append(Fault("R258", start, start + len(fixed), {"found": fixed}))
