"""Taking a run back: what its actions can undo, in reverse order, and only where nothing has changed since.

Decides nothing by itself about what a person wants: a dry request lists what would be taken back and what stays and
why. What is taken back wakes no rule: the snapshots move on with it, so that the echo finds no difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from engine.action import PluginError
from engine.decision.forms import Json
from engine.effects import Said
from engine.language.values import Item, Undecided, Value
from engine.portal.errors import PortalError
from engine.portal.map import PortalMap
from engine.runtime import runs as journal
from engine.runtime.effects_then import StepThen, replay
from engine.runtime.inbox import Pending
from engine.runtime.intents import OPEN, Intents
from engine.runtime.plugin_calls import Trace, call_plugin, overrides, traced
from engine.runtime.run import Carrier
from engine.runtime.running import Running
from engine.runtime.runs import StoredStep
from engine.runtime.snapshot import MOVED, own_fields, save_snapshot
from engine.runtime.written import ReadItems

UNDO = "undo"
Ours: TypeAlias = "Mapping[tuple[Item, str], Sequence[Value]]"
_CANNOT = Said("действие нельзя взять назад", "the action cannot be taken back")
_UNKNOWN = Said("нельзя повторить, что именно было сделано", "what exactly was done can no longer be told")


@dataclass(frozen=True)
class Undo:
    """Answers `undo` requests: `run`, and `dry` (true: only say what would happen)."""

    carrier: Carrier
    portal: PortalMap

    def answer(self, row: Pending) -> Mapping[str, Json]:
        """Take the run's steps back, the last one first. Raises PortalError where the portal cannot be asked."""
        out = self.carrier.carriage
        stored = out.runs.find(int(str(row.roots["run"])), self.carrier.zone)
        if stored is None:
            return {"error": "no such run"}
        if stored.status in (journal.RUNNING, journal.WAITING):
            return {"error": f"run {stored.n} is under way"}
        run = self.carrier.rebuild(stored, row)
        if run is None:
            return {"error": "the rules or plugins of this run are gone"}
        taken: list[Json] = []
        left: list[Json] = []
        steps = list(replay(run, out.known(run)))
        ours = _values_of([one.stored for one in steps])
        for done in reversed([one for one in steps if one.stored.status == "done"]):
            why = self._why_not(run, done, ours) or (
                None if row.roots.get("dry") is True else self._take_back(run, done)
            )
            line: dict[str, Json] = {"step": done.step.number, "action": done.step.call.action}
            if why is None:
                taken.append(line)
            else:
                left.append({**line, "why": {"ru": why.ru, "en": why.en}})
        if taken and row.roots.get("dry") is not True:
            with out.store.fenced(row.lease):
                out.runs.close(stored.n, journal.UNDONE)
        return {"run": stored.n, "taken_back": taken, "left": left}

    def _why_not(self, run: Running, done: StepThen, ours: Ours) -> Said | None:
        """Return why a step stays as it is, None where it can be taken back."""
        action = run.edition.actions[done.step.call.action]
        effect = done.effect
        if not overrides(action, "undo"):
            return _CANNOT
        if effect is None:
            return _UNKNOWN
        if call_plugin(action, lambda: action.undo(effect, done.stored.result)) is None:
            return _CANNOT
        changed = self._changed_since(run, done, ours)
        if changed:
            names = ", ".join(changed)
            return Said(f"с тех пор изменено: {names}", f"changed since: {names}")
        return None

    def _changed_since(self, run: Running, done: StepThen, ours: Ours) -> list[str]:
        """Return the fields of what the step wrote that hold something this run never put there or found there."""
        items = [one.item for one in done.stored.written]
        back = ReadItems(self.portal, items)
        run.gateway.drive(back.generator())
        changed: list[str] = []
        for one in done.stored.written:
            entity = one.item.entity
            if entity not in self.portal.world.entities:
                continue
            now = back.fields.get(one.item)
            for name in own_fields(self.portal.world, entity, one.after):
                known = ours[one.item, name]
                if now is None or not any(
                    self.portal.same(entity, name, was, now.get(name)) for was in known
                ):
                    changed.append(f"{one.item}.{name}")
        return changed

    def _take_back(self, run: Running, done: StepThen) -> Said | None:
        """Take a step back and write that down; return why it could not be."""
        action, out = run.edition.actions[done.step.call.action], self.carrier.carriage
        effect = done.effect
        assert effect is not None
        try:
            generator = call_plugin(action, lambda: action.undo(effect, done.stored.result))
            assert generator is not None
            found = run.gateway.drive(traced(generator, action, Trace()))
        except (PortalError, PluginError) as error:
            return Said(str(error), str(error))
        if isinstance(found, Undecided):
            return Said(found.reason, found.reason)
        back = ReadItems(self.portal, [one.item for one in done.stored.written])
        run.gateway.drive(back.generator())
        with out.store.fenced(run.lease) as connection:
            for item, fields in back.fields.items():
                own = own_fields(self.portal.world, item.entity, fields)
                save_snapshot(out.store, item, {**own, MOVED: back.moved[item]}, out.clock())
            connection.execute(
                "UPDATE step SET status = 'undone' WHERE run = ? AND number = ?", (run.n, done.step.number)
            )
            if done.stored.key:
                Intents(out.store).answer(done.stored.key, OPEN)
        return None


def _values_of(steps: Sequence[StoredStep]) -> Ours:
    """Return the values that a run's steps wrote or found, by item and field."""
    found: dict[tuple[Item, str], list[Value]] = {}
    for step in steps:
        for one in step.written:
            for fields in (one.after, one.before):
                for name, value in fields.items():
                    found.setdefault((one.item, name), []).append(value)
    return found
