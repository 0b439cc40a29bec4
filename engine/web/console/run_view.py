"""One run as its page shows it: a story from the event to its effects. Pure: the journal's JSON goes in, rows come out.

Decides the order and the words; the verdict is the engine's own. What a value was before stands beside what it became.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from engine.language.types import World
from engine.language.wording import Wording
from engine.web.console.desk import language, say
from engine.web.console.source_view import SourceLine, rule_source
from engine.web.console.values import field_title, file_text, value_text

FIRED = "fired"


@dataclass(frozen=True, slots=True)
class _Words:
    """The map, and what people call items."""

    world: World
    names: Mapping[str, str]
    url: Callable[[str], str]

    def name(self, item: object) -> str:
        return self.names.get(str(item), str(item))


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition: text and words, whether it let the event through (None: undecided), the values seen, why not."""

    text: str
    words: str
    result: bool | None
    values: tuple[tuple[str, str], ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that an action did, or would do: a field's values before and after, or a line of text."""

    title: str
    before: str = ""
    after: str = ""
    text: str = ""
    url: str = ""

    @property
    def is_difference(self) -> bool:
        """True for a value that became another."""
        return bool(self.before or self.after)


@dataclass(frozen=True, slots=True)
class StepView:
    """One action of the plan and what became of it; `after` is how long after the run's start it ended."""

    number: int
    title: str
    action: str
    rule: str
    status: str
    reason: str
    after: str
    changes: tuple[Change, ...]
    differs: tuple[Mapping[str, object], ...]
    answers: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule that the event woke: what each condition said, its steps, its lines in the regulation."""

    id: str
    title: str
    at: str
    outcome: str
    gates: tuple[Gate, ...]
    steps: tuple[StepView, ...] = ()
    source: tuple[SourceLine, ...] = field(default=(), repr=False)

    @property
    def stopped_by(self) -> Gate | None:
        """Return the first condition that did not hold, None where all did."""
        return next((gate for gate in self.gates if gate.result is not True), None)


@dataclass(frozen=True, slots=True)
class RunView:
    """The run: who changed what, the rules that fired with their steps, and those that did not."""

    seconds: str
    changed: tuple[Change, ...]
    fired: tuple[RuleView, ...]
    others: tuple[RuleView, ...]
    shortened: bool

    @property
    def steps(self) -> tuple[StepView, ...]:
        """Return all steps, in the order of their rules."""
        return tuple(step for rule in self.fired for step in rule.steps)


def view_run(
    run: Mapping[str, object],
    world: World,
    sources: Mapping[str, str],
    names: Mapping[str, str],
    url: Callable[[str], str] = lambda _item: "",
) -> RunView:
    """Return the view of a run; `run` is the journal's form of it, `sources` the files of its edition by name.

    `names` are what people call items: `user/6` → «Соколова Елена»; `url` gives their pages on the portal.
    """
    effects: dict[int, list[Mapping[str, object]]] = {}
    for effect in _maps(run.get("effects")):
        effects.setdefault(_int(effect.get("step")), []).append(effect)
    steps = [_step(step, effects, run, _Words(world, names, url)) for step in _maps(run.get("plan"))]
    rules = [_rule(rule, steps, run, world, sources) for rule in _maps(run.get("rules"))]
    known = {rule.id for rule in rules}
    # A run whose explanation is not kept any more still names the rules of its steps.
    lost = dict.fromkeys(step.rule for step in steps if step.rule not in known)
    rules += [
        RuleView(name, name, "", FIRED, (), tuple(step for step in steps if step.rule == name))
        for name in lost
    ]
    return RunView(
        _after(run, run.get("ended")),
        _changed(run, world),
        tuple(rule for rule in rules if rule.outcome == FIRED),
        tuple(rule for rule in rules if rule.outcome != FIRED),
        bool(run.get("shortened")),
    )


def _changed(run: Mapping[str, object], world: World) -> tuple[Change, ...]:
    event = _map(run.get("event"))
    entity = str(event.get("item") or "").partition("/")[0]
    return tuple(
        Change(field_title(world, f"{entity}.{name}"), before=value_text(old, world, f"{entity}.{name}"))
        for name, old in _map(event.get("before")).items()
    )


def _rule(
    rule: Mapping[str, object],
    steps: Sequence[StepView],
    run: Mapping[str, object],
    world: World,
    sources: Mapping[str, str],
) -> RuleView:
    gates = tuple(_gate(one, world) for one in _maps(rule.get("conditions")))
    mine = tuple(step for step in steps if step.rule == rule.get("id"))
    marks = {str(one.get("at")): one.get("result") is True for one in _maps(rule.get("conditions"))}
    done = {
        str(one.get("at")): one.get("status") in ("done", "no_op", "planned")
        for one in _maps(run.get("plan"))
        if one.get("rule") == rule.get("id")
    }
    return RuleView(
        str(rule.get("id")),
        str(rule.get("title")),
        str(rule.get("at", "")),
        str(rule.get("outcome")),
        gates,
        mine,
        rule_source(str(rule.get("at", "")), {**marks, **done}, sources),
    )


def _gate(one: Mapping[str, object], world: World) -> Gate:
    result = one.get("result")
    values = tuple(
        (field_title(world, str(name)), value_text(value, world, str(name)))
        for name, value in _map(one.get("values")).items()
    )
    reason = str(one.get("else") or one.get("reason") or one.get("undecided") or "")
    text = str(one.get("text"))
    words = Wording(world, language()).expression(text)
    return Gate(text, words, result if isinstance(result, bool) else None, values, reason)


def _step(
    step: Mapping[str, object],
    effects: Mapping[int, Sequence[Mapping[str, object]]],
    run: Mapping[str, object],
    words: _Words,
) -> StepView:
    mine = effects.get(_int(step.get("step")), ())
    return StepView(
        _int(step.get("step")),
        _title(mine, str(step.get("action")), words, is_done=step.get("status") == "done"),
        str(step.get("action")),
        str(step.get("rule")),
        str(step.get("status")),
        str(step.get("reason") or ""),
        _after(run, step.get("ended")),
        tuple(_changes(mine, words)),
        tuple(_maps(step.get("read_back"))),
        tuple(_maps(step.get("answers"))),
    )


_TITLES: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "stage": (("Перевести на стадию", "Move to stage"), ("Переведено на стадию", "Moved to stage")),
    "item": (("Создать", "Create"), ("Создано", "Created")),
    "document": (("Сформировать документ", "Issue a document"), ("Сформирован документ", "Document issued")),
    "folder": (("Создать папку на диске", "Create a folder"), ("Папка на диске", "Folder on the drive")),
    "file": (("Сохранить файл", "Save the file"), ("Сохранён файл", "File saved")),
    "mail": (("Отправить письмо", "Send a letter"), ("Отправлено письмо", "Letter sent")),
    "notice": (("Уведомить", "Notify"), ("Уведомление", "Notified")),
    "feed": (("Написать в ленту", "Post to the feed"), ("Запись в ленте", "Posted to the feed")),
    "timer": (("Завести срок", "Set a timer"), ("Заведён срок", "Timer set")),
    "field": (("Изменить", "Change"), ("Изменено", "Changed")),
}


def _title(effects: Sequence[Mapping[str, object]], action: str, words: _Words, *, is_done: bool) -> str:
    """Return what a step does or, once it is done, has done, with what it is about: «Создано: Акт А-2026/019»."""
    first = next((one for kind in _TITLES for one in effects if one.get("kind") == kind), None)
    if first is None:
        return action
    title = say(*_TITLES[str(first.get("kind"))][is_done])
    about = _about(first, effects, words)
    return f"{title}: {about}" if about else title


def _about(first: Mapping[str, object], effects: Sequence[Mapping[str, object]], words: _Words) -> str:
    kind, item = str(first.get("kind")), str(first.get("item") or "")
    entity = item.partition("/")[0]
    if kind == "stage":
        return value_text(first.get("after"), words.world, f"{entity}.{first.get('field', 'stage')}")
    if kind in ("item", "document"):
        spec = words.world.entities.get(entity)
        number = first.get("number") or _map(first.get("fields")).get("number") or ""
        plain = f"{spec.title if spec is not None else entity} {number}".strip()
        return words.names.get(item) or plain
    if kind == "field":
        fields = [f"{entity}.{one.get('field')}" for one in effects if one.get("kind") == "field"]
        return ", ".join(f"«{field_title(words.world, one)}»" for one in fields[:3])
    if kind in ("folder", "file"):
        return str(first.get("path")).rpartition("/")[2]
    if kind == "mail":
        return str(first.get("to"))
    if kind == "notice":
        copied = any(one.get("kind") == "feed" for one in effects)
        return words.name(first.get("to")) + (say(", копия в ленту", ", copy to the feed") if copied else "")
    return ""


def said_effects(effects: object, world: World) -> Iterator[Change]:
    """Yield effects of CONTRACT's form in people's words."""
    yield from _changes(_maps(effects), _Words(world, {}, lambda _item: ""))


def _changes(effects: Sequence[Mapping[str, object]], words: _Words) -> Iterator[Change]:
    world = words.world
    for one in effects:
        kind, item = str(one.get("kind")), str(one.get("item") or "")
        entity = item.partition("/")[0]
        if kind in ("field", "stage"):
            path = f"{entity}.{one.get('field', 'stage')}"
            yield Change(
                field_title(world, path),
                before=value_text(one.get("before"), world, path),
                after=value_text(one.get("after"), world, path),
            )
        elif kind == "item":
            yield from _made(one, words)
        else:
            yield _said(kind, one, words)


def _made(one: Mapping[str, object], words: _Words) -> Iterator[Change]:
    """Yield the fields of an item that a step creates."""
    entity = str(one.get("item") or "").partition("/")[0]
    for name, value in _map(one.get("fields")).items():
        path = f"{entity}.{name}"
        text = (
            _rows_text(value, words) if name == "lines" else words.name(value_text(value, words.world, path))
        )
        yield Change(field_title(words.world, path), after=text, url=words.url(str(value)))


def _rows_text(value: object, words: _Words) -> str:
    """Return rows of work, one after another: name and sum."""
    return "; ".join(
        f"{one.get('name')} — {value_text(one.get('amount'), words.world)}" for one in _maps(value)
    )


def _said(kind: str, one: Mapping[str, object], words: _Words) -> Change:
    world = words.world
    if kind in ("folder", "file"):
        return Change(say("Диск", "Drive"), text=str(one.get("path")))
    if kind == "notice":
        return Change(words.name(one.get("to")), text=str(one.get("text")))
    if kind == "feed":
        return Change(say("Лента", "Feed"), text=str(one.get("text")), url=str(one.get("url") or ""))
    if kind == "mail":
        attached = [file_text(file) for file in _maps(one.get("attachments"))]
        tail = f" · {', '.join(attached)}" if attached else ""
        return Change(str(one.get("to")), text=f"{one.get('subject')}{tail}")
    if kind == "document":
        return Change(str(one.get("template")), text=value_text(one.get("number"), world))
    rest = {name: value for name, value in one.items() if name not in ("kind", "rule", "step")}
    return Change(kind, text=value_text(rest, world))


def _after(run: Mapping[str, object], ended: object) -> str:
    try:
        seconds = (
            datetime.fromisoformat(str(ended)) - datetime.fromisoformat(str(run.get("started")))
        ).total_seconds()
    except ValueError:
        return ""
    number = f"{seconds:.2f}" if seconds < 10 else f"{seconds:.0f}"
    return f"{say(number.replace('.', ','), number)} {say('с', 's')}"


def _map(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _maps(value: object) -> list[Mapping[str, object]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list | tuple) else []


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0
