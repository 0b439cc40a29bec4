"""Mail templates: `mail/NAME.txt` beside the regulations, a subject line, an empty line, the body.

Compiled anew in the scope of each rule that uses one, since what the names mean depends on the rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.language.diagnostics import Diagnostic, Span
from engine.language.loading.names import RuleNames
from engine.language.shape import nearest
from engine.language.source import ScalarNode, Source, read_text
from engine.language.template import Template, compile_template
from engine.language.types import TEXT

_SUBJECT = re.compile(r"(?:Тема|Subject):[ \t]*(\S[^\n]*?)[ \t]*\n[ \t]*\n")
File = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class _Part:
    r"""A stretch of the file's text (line breaks as `\n`) that starts at `start`."""

    text: str
    start: int


@dataclass(slots=True)
class MailTemplates:
    """The mail templates by name, and those that this file's rules used."""

    files: Mapping[str, File]
    used: set[str] = field(default_factory=set)

    def compile(self, name: ScalarNode, names: RuleNames) -> dict[str, Template]:
        """Return `subject` and `text` of the template that `name` names; empty with the faults said."""
        self.used.add(name.text)
        if name.text not in self.files:
            suggestion = nearest(name.text, self.files)
            known = ", ".join(sorted(self.files)) or "—"
            names.findings.say("R158", name.span, name=name.text, known=known, suggestion=suggestion)
            return {}
        source, found = read_text(*self.files[name.text])
        parts = _split(source) if source is not None else None
        if source is not None and parts is None:
            found = [Diagnostic("R159", source.span(0, source.line_end(0)), {"file": source.file})]
        names.explain_all(found, name.span)
        if source is None or parts is None:
            return {}
        compiled: dict[str, Template] = {}
        for title, part in parts.items():
            template, said = compile_template(part.text, _placer(source, part), names.names, TEXT)
            names.explain_all(said, name.span)
            if template is not None:
                compiled[title] = template
        return compiled


def _split(source: Source) -> dict[str, _Part] | None:
    text = source.text.replace("\r\n", "\n")
    found = _SUBJECT.match(text)
    body = text[found.end() :].rstrip() if found else ""
    if found is None or not body:
        return None
    return {"subject": _Part(found.group(1), found.start(1)), "text": _Part(body, found.end())}


def _placer(source: Source, part: _Part) -> Callable[[int, int], Span]:
    r"""Return the place of offsets in `part`; a file with `\r\n` has one more character on every line before."""
    plain = source.text.replace("\r\n", "\n")
    has_returns = "\r\n" in source.text

    def place(start: int, end: int) -> Span:
        first, last = part.start + start, part.start + end
        if has_returns:
            first, last = first + plain.count("\n", 0, first), last + plain.count("\n", 0, last)
        return source.span(first, last)

    return place
