"""Reads a plan of faults from YAML.

Decides what such a file may say and where it is wrong; what its rules do is `planned`'s business. The form:

    seed: 7
    calls:                        # requests and the commands of batches
      - fault: timeout_after_commit   # or timeout_before, 503, 429, 500, slow, ignored_fields
        method: crm.item.*            # *, where it is left out; batch is a batch as a whole
        probability: 0.05             # or numbers: [3, 17], counted among the calls the rule matches
        times: 10                     # at most
        within: batch                 # or request; both, where it is left out
    posts:                        # outgoing webhooks
      - {fault: dropped, event: ONCRMDEAL*, probability: 0.1}   # or doubled, reordered, late
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from engine.emulator.methods import METHODS
from engine.emulator.methods.system import event_names
from engine.emulator.planned import CALL_KINDS, POST_KINDS, PlannedFaults, Rule, Within

# Seconds where a rule names none: long enough to be felt, short enough for a test.
_SECONDS = {"slow": 1.0, "429": 2.0, "late": 2.0, "reordered": 1.0}
_OWN_KEYS = {
    "timeout_before": {"seconds"}, "timeout_after_commit": {"seconds"}, "slow": {"seconds"}, "429": {"seconds"},
    "500": {"commits"}, "ignored_fields": {"fields"}, "late": {"seconds"}, "doubled": {"seconds"},
    "reordered": {"seconds", "behind"},
}  # fmt: skip
_OFTEN = {"probability", "numbers", "times"}
# Reached by the token of a link, not by a webhook.
_BY_TOKEN = ("download", "upload", "crm.controller.item.getfile")


class FaultFileError(Exception):
    """A file that is no plan. Its text is ``FILE:LINE:COLUMN: what is wrong; what to write instead``."""

    def __init__(self, name: str, line: int, column: int, message: str) -> None:
        super().__init__(f"{name}:{line}:{column}: {message}")
        self.line, self.column, self.message = line, column, message


class _Wrong(Exception):  # noqa: N818 - carries a place on its way to becoming a FaultFileError
    def __init__(self, node: yaml.Node, message: str) -> None:
        self.node, self.message = node, message


def read_faults(path: Path) -> PlannedFaults:
    """The plan in a file. Raises `FaultFileError`, or `OSError` where the file cannot be read."""
    return parse_faults(path.read_bytes(), path.name)


def parse_faults(text: bytes | str, name: str = "faults") -> PlannedFaults:
    """The plan in a text; `name` stands for it in messages. Raises `FaultFileError`."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        return PlannedFaults() if root is None else _plan(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        text = f"not YAML: {error.problem or error.context}; mend the indent or quote the text"
        raise FaultFileError(name, line, column, text) from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise FaultFileError(name, 1, 1, "not text in UTF-8; save the file as UTF-8") from None
    except _Wrong as wrong:
        mark = wrong.node.start_mark
        raise FaultFileError(name, mark.line + 1, mark.column + 1, wrong.message) from None


def _plan(root: yaml.Node) -> PlannedFaults:
    members = _map(root, "the file", {"seed", "calls", "posts"})
    seed = _number(members["seed"], whole=True) if "seed" in members else 0
    calls = tuple(_Reader(node, "method", CALL_KINDS).rule() for node in _list(members.get("calls")))
    posts = tuple(_Reader(node, "event", POST_KINDS).rule() for node in _list(members.get("posts")))
    return PlannedFaults(int(seed), calls, posts)


@dataclass(frozen=True)
class _Reader:
    """One rule of one list; `target` is the key of its pattern."""

    node: yaml.Node
    target: str
    kinds: tuple[str, ...]

    def rule(self) -> Rule:
        given = _map(self.node, "a rule", None)
        if "fault" not in given:
            raise _Wrong(self.node, f"a rule without fault; add fault: {self.kinds[0]}")
        kind = _choice(given["fault"], self.kinds)
        allowed = {"fault", self.target} | _OFTEN | _OWN_KEYS.get(kind, set())
        given = _map(
            self.node, f"a rule for {kind}", allowed | ({"within"} if self.target == "method" else set())
        )
        if not _OFTEN & set(given):
            raise _Wrong(self.node, "a rule that does not say how often; add probability, numbers or times")
        if "numbers" in given and "probability" in given:
            raise _Wrong(given["probability"], "numbers and probability exclude each other; leave one out")
        if kind == "reordered" and "behind" in given and _number(given["behind"], whole=True) < 1:
            raise _Wrong(given["behind"], "a post cannot be held behind no other; write 1 or more")
        return Rule(
            kind,
            self._pattern(given.get(self.target)),
            probability=self._probability(given.get("probability")),
            numbers=frozenset(int(_number(one, whole=True)) for one in _list(given.get("numbers"))),
            times=int(_number(given["times"], whole=True)) if "times" in given else None,
            seconds=_number(given["seconds"]) if "seconds" in given else _SECONDS.get(kind, 0.0),
            behind=int(_number(given["behind"])) if "behind" in given else 1,
            fields=frozenset(_text(one) for one in _list(given.get("fields"))),
            commits="commits" in given and _choice(given["commits"], ("true", "false")) == "true",
            within=self._within(given.get("within")),
        )

    def _probability(self, node: yaml.Node | None) -> float:
        found = 1.0 if node is None else _number(node)
        if node is not None and found > 1:
            raise _Wrong(
                node, f"a probability is at most 1, this is {found:g}; write {found / 100:g} for per cent"
            )
        return found

    def _pattern(self, node: yaml.Node | None) -> str:
        """A pattern that matches something the portal has: a misspelt one would do nothing, silently."""
        if node is None:
            return "*"
        found = _text(node).lower()
        known = (
            [*METHODS, *_BY_TOKEN] if self.target == "method" else [name.lower() for name in event_names()]
        )
        # A smart process has events of its own, named by its number.
        bare = found if self.target == "method" else found.rstrip("0123456789").removesuffix("_")
        if any(fnmatchcase(name, bare) or fnmatchcase(name, found) for name in known):
            return found
        raise _Wrong(node, f"the portal has no {self.target} {_text(node)}; {_mend(found, known)}")

    def _within(self, node: yaml.Node | None) -> Within:
        found = "any" if node is None else _choice(node, ("any", "request", "batch"))
        return "request" if found == "request" else "batch" if found == "batch" else "any"


def _mend(found: str, known: list[str]) -> str:
    near = get_close_matches(found, known, 1)
    return f"write {near[0]}" if near else "write a name of it, or * for a part"


def _map(node: yaml.Node, what: str, allowed: set[str] | None) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        raise _Wrong(node, f"{what} is no map; write key: value lines")
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = _text(key)
        if allowed is not None and name not in allowed:
            near = get_close_matches(name, sorted(allowed), 1)
            mend = f"write {near[0]}" if near else f"known are {', '.join(sorted(allowed))}"
            raise _Wrong(key, f"{what} knows no key {name}; {mend}")
        if name in found:
            raise _Wrong(key, f"{name} is said twice; leave one out")
        found[name] = value
    return found


def _list(node: yaml.Node | None) -> Iterator[yaml.Node]:
    if node is None:
        return
    if not isinstance(node, yaml.SequenceNode):
        raise _Wrong(node, "no list; write the entries as [a, b] or as lines with a dash")
    yield from node.value


def _text(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode) or not node.value:
        raise _Wrong(node, "no text; write one word or number")
    return str(node.value)


def _number(node: yaml.Node, *, whole: bool = False) -> float:
    try:
        found = float(int(_text(node)) if whole else float(_text(node)))
    except ValueError:
        kind = "whole number" if whole else "number"
        raise _Wrong(
            node, f"{_text(node)} is no {kind}; write digits, such as {'3' if whole else '0.5'}"
        ) from None
    if not 0 <= found < 1e9:
        raise _Wrong(node, f"{_text(node)} is out of bounds; write a number from 0 on")
    return found


def _choice(node: yaml.Node, options: tuple[str, ...]) -> str:
    found = _text(node)
    if found not in options:
        near = get_close_matches(found, options, 1)
        raise _Wrong(
            node, f"{found} is none of {', '.join(options)}" + (f"; write {near[0]}" if near else "")
        )
    return found


def as_text(rules: Mapping[str, object]) -> str:
    """A plan given as a JSON object, as YAML."""
    return str(yaml.safe_dump(rules, allow_unicode=True, sort_keys=False))
