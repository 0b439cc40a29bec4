"""The gates between an event and a deed, in their order, each with a stable word and a sentence in both languages.

Decides the words only. Slots are filled by `why.py`; a slot that holds a pair is given in each language by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from engine.effects import Said
from engine.language.rules import Trigger

Slot = str | Said
GATES: Mapping[str, Said] = {
    "rule_unknown": Said(
        "такого правила, действия, поля или стадии нет: {what}{near}",
        "there is no such rule, action, field or stage: {what}{near}",
    ),
    "rule_disabled": Said(
        "правило выключено (enabled: false)",
        "the rule is disabled (enabled: false)",
    ),
    "rule_elsewhere": Said(
        "правило не следит за этим элементом: его будит {waits}",
        "the rule does not watch this item: it is woken by {waits}",
    ),
    "not_in_force": Said(
        "правило не действует в этот день: {days}",
        "the rule is not in force on that day: {days}",
    ),
    "no_event": Said(
        "ни одного события {item} не приходило{since}: ни с портала, ни от сверки, ни по сроку{refused}",
        "no event of {item} has come{since}: none from the portal, no sweep's, no deadline's{refused}",
    ),
    "event_waiting": Said(
        "событие {n} ещё ждёт очереди: перед ним в этой сделке {ahead}",
        "event {n} still waits for its turn: {ahead} of this deal before it",
    ),
    "event_delayed": Said(
        "событие {n} ждёт следующей попытки {at}: {why}",
        "event {n} waits for its next try at {at}: {why}",
    ),
    "event_running": Said(
        "событие {n} обрабатывается прямо сейчас",
        "event {n} is being processed right now",
    ),
    "paused": Said(
        "движок на паузе с {since}: {why}; снять: engine resume",
        "the engine is paused since {since}: {why}; to go on: engine resume",
    ),
    "event_failed": Said(
        "событие {n} не удалось обработать: {why}",
        "event {n} could not be processed: {why}",
    ),
    "item_gone": Said(
        "элемента больше нет на портале",
        "the item is no longer on the portal",
    ),
    "no_difference": Said(
        "событие {n} не нашло отличий от того, что движок уже видел, а правило ждёт: {waits}",
        "event {n} found no difference from what the engine had seen already; the rule waits for {waits}",
    ),
    "rule_not_there_then": Said(
        (
            "в редакции, по которой решено событие {n}, этого правила ещё не было: применить его к тому, что "
            "уже есть, можно командой engine backfill {rule}"
        ),
        (
            "the edition that decided event {n} had no such rule yet: engine backfill {rule} applies it to "
            "what is there already"
        ),
    ),
    "no_trigger": Said(
        "правило не разбужено: изменилось {changed}, а ждёт оно: {waits}",
        "the rule was not woken: {changed} changed, and it waits for {waits}",
    ),
    "timer_armed": Said(
        "срок ещё не наступил: сработает {at} (отсчёт от {since})",
        "the deadline has not come yet: {at} (counted from {since})",
    ),
    "timer_held": Said(
        "срок остановлен: условие правила сейчас не выполнено",
        "the deadline is held back: a condition of the rule does not hold now",
    ),
    "timer_passed": Said(
        "срок истёк {at}, до того как правило вступило в силу: engine backfill {rule}",
        "the deadline ran out at {at}, before the rule came into force: engine backfill {rule}",
    ),
    "timer_none": Said(
        "срок не взведён: {field} пусто",
        "no deadline is set: {field} is empty",
    ),
    "schedule": Said(
        "правило работает по расписанию, следующий раз {at}",
        "the rule goes by a schedule, next time {at}",
    ),
    "trigger_undecided": Said(
        "не решено: неизвестно значение, которого ждёт правило ({waits})",
        "undecided: the value that the rule waits for is not known ({waits})",
    ),
    "scope_false": Said(
        "не подходит под область регламента (scope): {text}{otherwise}",
        "outside the rule set's scope: {text}{otherwise}",
    ),
    "condition_false": Said(
        "условие не выполнено: {text}{otherwise}",
        "a condition is false: {text}{otherwise}",
    ),
    "undecided": Said(
        "условие не решено: {text} — неизвестно {why}",
        "a condition is undecided: {text}: {why} is not known",
    ),
    "conflict": Said(
        "спор правил: {others} хочет другого для того же поля, ни одно не выполнено",
        "a conflict: {others} wants another value for the same field, none was carried out",
    ),
    "loop": Said(
        "цепочка событий зациклилась и остановлена: {why}",
        "the chain of events went round and was stopped: {why}",
    ),
    "plugin_failed": Said(
        "плагин не смог посчитать, что делать: {why}",
        "a plugin could not say what to do: {why}",
    ),
    "brake": Said(
        "сработал тормоз: {why}",
        "a brake is on: {why}",
    ),
    "step_undecided": Said(
        "шаг {step} ({action}) не решён: неизвестно {why}",
        "step {step} ({action}) is undecided: {why} is not known",
    ),
    "step_skipped": Said(
        "шаг {step} ({action}) пропущен по своему `when`: {why}",
        "step {step} ({action}) was skipped by its `when`: {why}",
    ),
    "step_no_op": Said(
        "шагу {step} ({action}) делать нечего, уже так: {why}",
        "step {step} ({action}) found it so already: {why}",
    ),
    "step_waiting": Said(
        "шаг {step} ({action}) ещё не сделан{why}",
        "step {step} ({action}) is not done yet{why}",
    ),
    "step_not_reached": Said(
        "до шага {step} ({action}) не дошло: {why}",
        "step {step} ({action}) was not reached: {why}",
    ),
    "step_failed": Said(
        "шаг {step} ({action}) не удался: {why}",
        "step {step} ({action}) failed: {why}",
    ),
    "step_unknown": Said(
        "неизвестно, сделан ли шаг {step} ({action}): {why}; решить: engine runs retry {run}",
        "nobody knows whether step {step} ({action}) is done: {why}; to settle it: engine runs retry {run}",
    ),
    "no_such_step": Said(
        "правило сработало, но такого действия в нём нет",
        "the rule fired, but has no such action",
    ),
    "undone": Said(
        "сделано и взято назад (engine runs undo)",
        "it was done and taken back (engine runs undo)",
    ),
    "happened": Said(
        "это сделано: {what}",
        "it was done: {what}",
    ),
}
"""Gate → its sentence; the order is that in which an event meets them."""


def sentence(gate: str, **slots: Slot) -> Said:
    """Return the gate's sentence, its slots filled."""
    said = GATES[gate]
    return Said(
        said.ru.format(**{name: slot.ru if isinstance(slot, Said) else slot for name, slot in slots.items()}),
        said.en.format(**{name: slot.en if isinstance(slot, Said) else slot for name, slot in slots.items()}),
    )


def waits_for(trigger: Trigger) -> Said:
    """Return what a trigger waits for: «act.scan появится»."""
    name = f"{trigger.entity}.{trigger.field}" if trigger.field else trigger.entity
    if trigger.kind == "changed":
        ru, en = f"{name} изменится", f"{name} to change"
        if trigger.before:
            ru, en = f"{ru} с {_shown(trigger.before[0])}", f"{en} from {_shown(trigger.before[0])}"
        if trigger.after:
            ru, en = f"{ru} на {_shown(trigger.after[0])}", f"{en} to {_shown(trigger.after[0])}"
        return Said(f"{ru} (человеком)", f"{en} (by a person)") if trigger.by_person else Said(ru, en)
    if trigger.kind == "deadline":
        ru, en = ("до", "before") if trigger.delay and trigger.delay.amount < 0 else ("после", "after")
        length = str(trigger.delay).removeprefix("-")
        return Said(f"{length} {ru} {name}", f"{length} {en} {name}")
    named = trigger.name or name
    russian, english = {
        "filled": ("{} появится", "{} to be filled"),
        "cleared": ("{} станет пустым", "{} to be emptied"),
        "created": ("{} создан", "{} to be created"),
        "deleted": ("{} удалён", "{} to be deleted"),
        "every": ("расписание {}", "the schedule {}"),
        "command": ("команда {}", "the command {}"),
        "received": ("событие {}", "the event {}"),
    }[trigger.kind]
    return Said(russian.format(named), english.format(named))


def joined(said: Sequence[Said]) -> Said:
    """Return sentences as one list: «…; или …»."""
    unique = list(dict.fromkeys(said))
    return Said(" или ".join(one.ru for one in unique), " or ".join(one.en for one in unique))


def moment(time: datetime) -> str:
    """Return a time as people write it."""
    return time.strftime("%d.%m.%Y %H:%M:%S")


def _shown(value: object) -> str:
    words = {None: "empty", True: "yes", False: "no"}
    return words[value] if value is None or isinstance(value, bool) else str(value)
