"""Reading the shape of a map: which keys may stand there, which must, and of what form their values are.

A `Findings` gathers diagnostics while a reader goes on with what is sound. It knows no rule, trigger or action.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from engine.language.diagnostics import Diagnostic, Span
from engine.language.source import ListNode, MapNode, Node, ScalarNode

_FORMS = {
    "map": ("вложенные ключи (`ключ: значение`)", "nested keys (`key: value`)"),
    "list": ("список (строки с `- `)", "a list (lines with `- `)"),
    "text": ("одно значение", "one value"),
}


@dataclass(slots=True)
class Findings:
    """What was found so far, in the order of reading."""

    found: list[Diagnostic] = field(default_factory=list)

    def say(
        self,
        code: str,
        span: Span,
        severity: str = "error",
        related: Sequence[tuple[Span, str]] = (),
        **values: str,
    ) -> None:
        """Add one diagnostic; an empty `suggestion` is left out, so that no help line is printed for it."""
        kept = {name: text for name, text in values.items() if text or name != "suggestion"}
        self.found.append(Diagnostic(code, span, kept, severity, tuple(related)))

    def map(self, node: Node | None) -> MapNode | None:
        """Return `node` where it is a map; say so where it is something else."""
        if isinstance(node, MapNode):
            return node
        self._refuse(node, "map")
        return None

    def list(self, node: Node | None) -> ListNode | None:
        """Return `node` where it is a list; say so where it is something else."""
        if isinstance(node, ListNode):
            return node
        self._refuse(node, "list")
        return None

    def text(self, node: Node | None) -> ScalarNode | None:
        """Return `node` where it is a text that is not blank; say so where it is something else."""
        if isinstance(node, ScalarNode):
            if node.text.strip():
                return node
            self.say("R126", node.span)
            return None
        self._refuse(node, "text")
        return None

    def yes_no(self, node: Node | None, *, default: bool) -> bool:
        """Return what a `true`/`false` key says; `default` where it is absent or unreadable."""
        text = self.text(node) if node is not None else None
        if text is None:
            return default
        if text.text not in ("true", "false"):
            self.say("R124", text.span, text=text.text)
            return default
        return text.text == "true"

    def keys(self, node: MapNode, allowed: Iterable[str]) -> None:
        """Say which keys of `node` are not among `allowed`."""
        names = list(allowed)
        for name, (key, _) in node.entries.items():
            if name not in names:
                self.say("R120", key.span, key=name, known=", ".join(names), suggestion=nearest(name, names))

    def require(self, node: MapNode, name: str) -> Node | None:
        """Return the value under `name`; say so where the map has none."""
        value = node.get(name)
        if value is None:
            self.say("R121", node.span, key=name)
        return value

    def _refuse(self, node: Node | None, form: str) -> None:
        if node is not None:
            russian, english = _FORMS[form]
            self.say("R122", node.span, expected_ru=russian, expected_en=english)


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the name most like `name`, or an empty text where none is close."""
    found = get_close_matches(name, list(names), n=1, cutoff=0.6)
    return found[0] if found else ""


def settle(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return the diagnostics without repetitions: one thing at one place is said once, however many rules meet it."""
    seen: dict[tuple[object, ...], Diagnostic] = {}
    for one in found:
        said = tuple(sorted(pair for pair in one.values.items() if pair[0] != "seen"))
        seen.setdefault((one.code, one.span, said), one)
    return list(seen.values())
