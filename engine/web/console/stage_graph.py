"""A picture of a pipeline: its stages in their order and the rules that move a deal between them. Pure: SVG parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.decision.edition import Edition
from engine.language.rules import Rule
from engine.language.template import Template
from engine.language.types import PipelineSpec, World

WIDTH, GAP, TOP = 150, 26, 46
_STEP = WIDTH + GAP
_LEVEL = 26
_STAGE_IN = re.compile(r'stage == "([\w-]+)"')


@dataclass(frozen=True, slots=True)
class StageBox:
    """A stage: its words in lines of at most eighteen letters, where it stands, and whether it is final."""

    name: str
    lines: tuple[str, ...]
    x: int
    final: str


@dataclass(frozen=True, slots=True)
class Move:
    """A rule that moves from one stage to another: an arc above the boxes."""

    rule: str
    title: str
    path: str
    label_x: int
    label_y: int


@dataclass(frozen=True, slots=True)
class StageGraph:
    """The picture of one pipeline."""

    title: str
    width: int
    height: int
    top: int
    stages: tuple[StageBox, ...]
    moves: tuple[Move, ...]


def draw_stages(edition: Edition, world: World) -> list[StageGraph]:
    """Return a picture for each pipeline that a rule moves something in."""
    found = []
    for pipeline in world.pipelines.values():
        moves = [
            (rule, start, end)
            for rule in edition.rules
            for end in _targets(rule)
            if end in pipeline.stages
            for start in _starts(rule)
            if start in pipeline.stages and start != end
        ]
        if moves:
            found.append(_draw(pipeline, moves))
    return found


def _draw(pipeline: PipelineSpec, moves: list[tuple[Rule, str, str]]) -> StageGraph:
    places = {name: at for at, name in enumerate(pipeline.stages)}
    top = TOP + _LEVEL * max((abs(places[end] - places[start]) for _, start, end in moves), default=1)
    boxes = tuple(
        StageBox(name, tuple(_lines(stage.title)), 10 + at * _STEP, stage.final or "")
        for at, (name, stage) in enumerate(pipeline.stages.items())
    )
    arcs = []
    for rule, start, end in moves:
        first, last = 10 + places[start] * _STEP + WIDTH // 2, 10 + places[end] * _STEP + WIDTH // 2
        height = top - _LEVEL * abs(places[end] - places[start]) - 8
        path = f"M {first} {top} C {first} {height}, {last} {height}, {last} {top - 6}"
        arcs.append(Move(rule.id, rule.title, path, (first + last) // 2, (top + 3 * height) // 4 - 4))
    return StageGraph(pipeline.title, 10 + len(boxes) * _STEP, top + 78, top, boxes, tuple(arcs))


def _targets(rule: Rule) -> Iterator[str]:
    for call in rule.actions:
        value = call.params.get("stage")
        if call.action.endswith(".move") and isinstance(value, Template):
            yield value.text


def _starts(rule: Rule) -> list[str]:
    """Return the stages at which a rule works: those its conditions ask for, else those that wake it."""
    asked = [name for gate in rule.conditions for name in _STAGE_IN.findall(gate.text)]
    woken = [str(one.after[0]) for one in rule.triggers if one.field == "stage" and one.after]
    return list(dict.fromkeys(asked or woken))


def _lines(title: str) -> Iterator[str]:
    line = ""
    for word in title.split():
        if line and len(line) + len(word) > 17:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    yield line
