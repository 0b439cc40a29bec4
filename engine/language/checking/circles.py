"""Follow-up circles: a rule writes a field that wakes a rule that writes a field … back to the first.

A chain that only sets constants comes to rest by itself: the second time round nothing changes. So a circle is told
where some field of it takes two values or a value that is computed. It is certain, and an error, where nothing but
the triggers decides.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.language.checking.digest import Summary, Write, demands_under, exclude_each_other, may_wake
from engine.language.diagnostics import Diagnostic

MAX_EDGES = 200_000
MAX_TOLD = 50


@dataclass(frozen=True, slots=True)
class _Edge:
    """Rule `source` writes what wakes rule `target` (both by position)."""

    source: int
    target: int
    write: Write


_Edges = Mapping[int, Sequence[_Edge]]


def find_circles(summaries: Sequence[Summary]) -> list[Diagnostic]:
    """Return one diagnostic for each tangle of rules that can wake each other without end."""
    live = [one for one in summaries if one.clash is None and not one.rule.is_disabled]
    edges = _edges(live)
    found: list[Diagnostic] = []
    for members in _tangles(edges):
        circle = _restless_circle(members, edges)
        if circle and len(found) < MAX_TOLD:
            found.append(_tell(circle, live))
    return found


def _edges(live: Sequence[Summary]) -> dict[int, list[_Edge]]:
    listeners: dict[str, list[int]] = defaultdict(list)
    for index, summary in enumerate(live):
        for path in {f"{one.entity}.{one.field}" for one in summary.rule.triggers if one.field}:
            listeners[path].append(index)
    edges: dict[int, list[_Edge]] = defaultdict(list)
    budget = MAX_EDGES
    for index, summary in enumerate(live):
        for write in summary.writes:
            for target in listeners.get(write.path, ()):
                budget -= 1
                if budget < 0:
                    return edges
                if _wakes(summary, write, live[target]):
                    edges[index].append(_Edge(index, target, write))
    return edges


def _wakes(source: Summary, write: Write, target: Summary) -> bool:
    """True where `target` can fire on the change that `source` makes by `write`."""
    written = {one.path for one in source.writes}
    left = {path: values for path, values in source.demands.items() if path not in written}
    if write.value:
        left[write.path] = frozenset(write.value)
    return any(
        may_wake(write, trigger) and not exclude_each_other(left, demands_under(target, trigger))
        for trigger in target.rule.triggers
    )


def _tangles(edges: _Edges) -> list[list[int]]:
    """Return the strongly connected parts that hold a circle (Tarjan's algorithm, without recursion)."""
    order: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    parts: list[list[int]] = []
    for root in list(edges):
        work = [(root, iter(edges.get(root, ())))] if root not in order else []
        while work:
            node, following = work[-1]
            if node not in order:
                order[node] = low[node] = len(order)
                stack.append(node)
                on_stack.add(node)
            for edge in following:
                if edge.target not in order:
                    work.append((edge.target, iter(edges.get(edge.target, ()))))
                    break
                if edge.target in on_stack:
                    low[node] = min(low[node], order[edge.target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == order[node]:
                    parts.append(_take(stack, on_stack, node))
    return [
        part for part in parts if len(part) > 1 or any(e.target == part[0] for e in edges.get(part[0], ()))
    ]


def _take(stack: list[int], on_stack: set[int], node: int) -> list[int]:
    part: list[int] = []
    while not part or part[-1] != node:
        part.append(stack.pop())
        on_stack.discard(part[-1])
    return part


def _restless_circle(members: Iterable[int], edges: _Edges) -> list[_Edge]:
    """Return the shortest circle of the part that does not come to rest by itself; empty where all do."""
    inside = set(members)
    best: list[_Edge] = []
    for start in sorted(inside)[:200]:
        circle = _shortest_circle(start, inside, edges)
        if circle and _is_restless(circle) and (not best or len(circle) < len(best)):
            best = circle
    return best


def _shortest_circle(start: int, inside: set[int], edges: _Edges) -> list[_Edge]:
    came: dict[int, _Edge] = {}
    waiting = deque([start])
    while waiting:
        for edge in edges.get(waiting.popleft(), ()):
            if edge.target == start:
                circle = [edge]
                while circle[0].source != start:
                    circle.insert(0, came[circle[0].source])
                return circle
            if edge.target in inside and edge.target not in came:
                came[edge.target] = edge
                waiting.append(edge.target)
    return []


def _is_restless(circle: Sequence[_Edge]) -> bool:
    values: dict[str, set[object]] = defaultdict(set)
    for edge in circle:
        if not edge.write.value:
            return True
        values[edge.write.path].add(edge.write.value)
    return any(len(taken) > 1 for taken in values.values())


def _tell(circle: Sequence[_Edge], live: Sequence[Summary]) -> Diagnostic:
    names = [live[edge.source].rule.id for edge in circle]
    is_certain = all(edge.write.value for edge in circle) and not any(
        live[e.source].is_conditional for e in circle
    )
    related = tuple((edge.write.span, "write") for edge in circle[1:])
    shown = " → ".join([*names, names[0]])
    values = {"loop": shown, "fields": ", ".join(dict.fromkeys(edge.write.path for edge in circle))}
    return Diagnostic("R174", circle[0].write.span, values, "error" if is_certain else "warning", related)
