"""Bytes of a YAML file become nodes that know their place.

This module decides what a readable file is: UTF-8, of bounded size, depth and text length, one document, a map at
the top, keys that are plain text and stand once. Text stays text: no scalar is ever read as a number, a date or a
yes/no here. It knows nothing of rules; whatever is wrong comes back as diagnostics, never as an exception.
"""

from __future__ import annotations

import gc
import re
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from engine.language.diagnostics import Diagnostic, Span
from engine.language.loading.scalars import align
from engine.language.loading.syntax import explain_syntax

# libyaml's own limit of nesting is 1,000 and its composer recurses in C; what a person writes stays below 20.
_RUNAWAY = re.compile(r"(?m)^(?: {400,}|[ ]*(?:[-?:] +){40,})")
_SPLIT = re.compile(r"[\[{\]}]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_LINE_BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
_LINE_END = re.compile(r"[\r\n\x85\u2028\u2029]")
_BARE = "!&"
_MANY = 50_000


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one file may hold: bytes, levels of nesting, characters of one text."""

    size: int = 1 << 20
    depth: int = 24
    scalar: int = 20_000


@dataclass(slots=True)
class Source:
    """One file's text with the offsets of its lines."""

    file: str
    text: str
    starts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Find where the lines start."""
        self.starts = [0, *(match.end() for match in _LINE_BREAK.finditer(self.text))]

    def span(self, start: int, end: int) -> Span:
        """Return the place of the characters `start` to `end` (exclusive); never wider than the file."""
        starts = self.starts
        first = last = bisect_right(starts, start)
        end = max(start, end)
        if first < len(starts) and end >= starts[first]:
            last = bisect_right(starts, end)
        return Span(self.file, first, start - starts[first - 1] + 1, last, end - starts[last - 1] + 1)

    def line_end(self, offset: int) -> int:
        """Return where the line of `offset` ends, its line break left out."""
        found = _LINE_END.search(self.text, offset)
        return found.start() if found else len(self.text)


# Nodes are not frozen: 400,000 of them are made in one load, and a frozen dataclass takes three times as long.
@dataclass(slots=True, eq=False)
class ScalarNode:
    """A text. `style` is the quote (`'`, `"`), the block sign (`|`, `>`) or empty for plain."""

    source: Source
    start: int
    end: int
    text: str
    style: str

    @property
    def span(self) -> Span:
        """The whole scalar, quotes included; of a block of lines, its first line."""
        return self.source.span(self.start, min(self.end, self.source.line_end(self.start)))

    def place(self, start: int, end: int) -> Span:
        """Return the place of the characters `start` to `end` of `text`: exact but for folded lines, where close."""
        raw = self.source.text[self.start : self.end]
        first, last = align(raw, self.style, self.text, start, end)
        return self.source.span(self.start + first, self.start + last)


@dataclass(slots=True, eq=False)
class ListNode:
    """A list and its members in order."""

    source: Source
    start: int
    end: int
    members: list[Node]
    is_flow: bool = False

    @property
    def span(self) -> Span:
        """From the list's first sign to the end of that line at the furthest."""
        return self.source.span(self.start, min(self.end, self.source.line_end(self.start)))


@dataclass(slots=True, eq=False)
class MapNode:
    """A map: keys with their values in order; a key stands once."""

    source: Source
    start: int
    end: int
    entries: dict[str, tuple[ScalarNode, Node]]
    is_flow: bool = False

    @property
    def span(self) -> Span:
        """The first key, or the braces of an empty map."""
        for key, _ in self.entries.values():
            return key.span
        return self.source.span(self.start, min(self.end, self.source.line_end(self.start)))

    def get(self, name: str) -> Node | None:
        """Return the value under `name`, if any."""
        entry = self.entries.get(name)
        return entry[1] if entry else None


Node: TypeAlias = ScalarNode | ListNode | MapNode


def read_source(
    file: str, content: bytes, limits: Limits | None = None
) -> tuple[MapNode | None, list[Diagnostic]]:
    """Return the file's top map with places, and what is wrong with the file.

    The map is None where nothing can be read; with errors beside a map, the map holds what was readable.
    """
    limits = limits or Limits()
    source, found = _decode(file, content, limits)
    if source is None:
        return None, found
    with undisturbed():
        try:
            top = yaml.compose(source.text, Loader=_Loader)
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            return None, [explain_syntax(source, error)]
        if top is None or (isinstance(top, yaml.ScalarNode) and not top.value.strip()):
            return None, [Diagnostic("R102", source.span(0, source.line_end(0)))]
        walk = _Walk(source, limits)
        node = walk.node(top, 0)
    if node is not None and not isinstance(node, MapNode) and not walk.found:
        walk.found.append(Diagnostic("R103", node.span))
    return (node if isinstance(node, MapNode) else None), walk.found


def read_text(
    file: str, content: bytes, limits: Limits | None = None
) -> tuple[Source | None, list[Diagnostic]]:
    """Return a file that is text and no YAML (a mail template), or what is wrong with its bytes."""
    return _decode(file, content, limits or Limits())


def _decode(file: str, content: bytes, limits: Limits) -> tuple[Source | None, list[Diagnostic]]:
    if len(content) > limits.size:
        size = {"size": str(len(content)), "limit": str(limits.size)}
        return None, [Diagnostic("R101", Span(file), size)]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        place = Source(file, before).span(len(before), len(before))
        return None, [Diagnostic("R100", place, {"byte": f"0x{content[error.start]:02X}"})]
    source = Source(file, text)
    control = _CONTROL.search(text)
    if control:
        place = source.span(control.start(), control.end())
        return None, [Diagnostic("R116", place, {"character": f"U+{ord(control.group()):04X}"})]
    deep = _find_runaway(text)
    if deep is not None:
        return None, [
            Diagnostic("R110", source.span(deep, source.line_end(deep)), {"limit": str(limits.depth)})
        ]
    return source, []


def _find_runaway(text: str) -> int | None:
    found = _RUNAWAY.search(text)
    if found:
        return found.start()
    if text.count("[") + text.count("{") <= 200:
        return None
    depth = 0
    for match in _SPLIT.finditer(text):
        depth = depth + 1 if match.group() in "[{" else max(depth - 1, 0)
        if depth > 200:
            return match.start()
    return None


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep the cyclic collector off: it would walk the growing tree again and again and find nothing.

    May be nested; the outermost turns it on again. What was made inside then counts as old, since it is meant to stay.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if gc.get_count()[0] > _MANY and not gc.get_freeze_count():
                # Straight to the oldest generation: else the first allocation from here on walks all of it.
                gc.freeze()
                gc.unfreeze()
            gc.enable()


class _Loader(yaml.CBaseLoader):
    """libyaml's composer; it asks for the tag of every node, and none of ours has one that counts."""

    def resolve(self, _kind: object, _value: object, _implicit: object) -> str:
        """Return the tag of no meaning."""
        return ""


class _Walk:
    """One walk over the composed tree. An anchored or tagged node is refused and not entered: nothing explodes."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self.source = source
        self.limits = limits
        self.found: list[Diagnostic] = []

    def node(self, raw: yaml.Node, depth: int) -> Node | None:
        start, end = raw.start_mark.index, raw.end_mark.index
        text = self.source.text
        if start < len(text) and text[start] in _BARE and self._is_refused(start):
            return None
        if isinstance(raw, yaml.ScalarNode):
            return self._scalar(raw, start, end)
        if depth >= self.limits.depth:
            self._say("R110", start, self.source.line_end(start), limit=str(self.limits.depth))
            return None
        if isinstance(raw, yaml.SequenceNode):
            members = [self.node(member, depth + 1) for member in raw.value]
            known = [member for member in members if member is not None]
            return ListNode(self.source, start, end, known, bool(raw.flow_style))
        return self._map(raw, depth) if isinstance(raw, yaml.MappingNode) else None

    def _is_refused(self, start: int) -> bool:
        if self.source.text[start] == "&":
            self._say("R107", start, self.source.line_end(start))
            return True
        line = self.source.text[start : self.source.line_end(start)]
        word = line.split()[0]
        # `- !x` is meant as "not x"; `!!python/object` never is.
        code = "R108" if word.startswith(("!!", "!<")) else "R181"
        self._say(code, start, start + len(word), tag=word, name=word.lstrip("!"))
        return True

    def _scalar(self, raw: yaml.ScalarNode, start: int, end: int) -> ScalarNode | None:
        if len(raw.value) > self.limits.scalar:
            limits = {"size": str(len(raw.value)), "limit": str(self.limits.scalar)}
            self._say("R111", start, min(end, self.source.line_end(start)), **limits)
            return None
        return ScalarNode(self.source, start, end, raw.value, raw.style or "")

    def _map(self, raw: yaml.MappingNode, depth: int) -> MapNode:
        entries: dict[str, tuple[ScalarNode, Node]] = {}
        seen: dict[str, ScalarNode] = {}
        for raw_key, raw_value in raw.value:
            key = self._key(raw_key, depth)
            value = self.node(raw_value, depth + 1)
            if key is None:
                continue
            if key.text in seen:
                self.found.append(
                    Diagnostic("R105", key.span, {"key": key.text}, related=((seen[key.text].span, "first"),))
                )
                continue
            seen[key.text] = key
            if value is not None:
                entries[key.text] = (key, value)
        return MapNode(self.source, raw.start_mark.index, raw.end_mark.index, entries, bool(raw.flow_style))

    def _key(self, raw: yaml.Node, depth: int) -> ScalarNode | None:
        key = self.node(raw, depth + 1)
        if key is None:
            return None
        if not isinstance(key, ScalarNode):
            self._say("R114", key.start, min(key.end, self.source.line_end(key.start)))
            return None
        if key.text == "<<" and not key.style:
            self._say("R109", key.start, key.end)
            return None
        return key

    def _say(self, code: str, start: int, end: int, **values: str) -> None:
        self.found.append(Diagnostic(code, self.source.span(start, end), values))
