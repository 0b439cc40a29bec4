"""The registers as a running engine offers them to people: rows, papers, reminders, commands, each as they may see it.

Decides nothing of its own: it holds what the parts of this room need from the engine and hands a person's question on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import BinaryIO

from engine.decision.edition import Edition
from engine.decision.facts import Facts
from engine.language.values import Item
from engine.portal.client import PortalClient
from engine.portal.reader import Reader
from engine.registers.commanding import Case, Commanding
from engine.registers.noting import PRINTED, ZIPPED, note_taken, selection_words
from engine.registers.opening import Office, open_registers
from engine.registers.papers import Papers
from engine.registers.printing import Printed, print_papers
from engine.registers.query import EVERYTHING, Query, Viewer
from engine.registers.remind import Remind, RemindPlan, put_reminders
from engine.registers.viewers import viewer_of
from engine.registers.zipping import Zipped, zip_papers
from engine.runtime.store import Store
from engine.workshop import Workshop


@dataclass
class Counter:
    """`edition` gives the rules in force, `wake` has the engine look into its inbox."""

    workshop: Workshop
    store: Store
    reader: Reader
    client: PortalClient
    edition: Callable[[], Edition]
    clock: Callable[[], datetime]
    wake: Callable[[], None]

    @cached_property
    def office(self) -> Office:
        """The open registers."""
        return open_registers(self.workshop, self.store, self.clock)

    def refresh(self) -> int:
        """Bring the rows up to date with what the engine has processed; return how many items were written."""
        return self.office.refresh()

    def viewer(self, portal_user: str, *, sees_all: bool) -> Viewer:
        """Return whose eyes a person looks with: their role of the settings, or everything for an integrator."""
        if sees_all:
            return EVERYTHING
        return viewer_of(self.store, self.workshop.settings.roles, portal_user)

    def items(self, query: Query) -> list[Item]:
        """Return the items that meet the question, as its viewer may see them. Raises as `Registers.select`."""
        entity = self.office.registers.register(query.register).entity
        return [Item(entity, one) for one in self.office.registers.ids(query)]

    def print(self, query: Query, out: BinaryIO, *, are_signed: bool) -> Printed:
        """Write one PDF of a selection's papers and note it in the journal. Raises PortalError, UnfitPaper."""
        printed = print_papers(self._papers(query, are_signed=are_signed).fetch(self.items(query)), out)
        self._note(query, PRINTED, len(printed.taken), f"{query.register}.pdf")
        return printed

    def zip(self, query: Query, out: BinaryIO, *, are_signed: bool) -> Zipped:
        """Write an archive of a selection's papers and note it in the journal. Raises PortalError."""
        zipped = zip_papers(self._papers(query, are_signed=are_signed).fetch(self.items(query)), out)
        self._note(query, ZIPPED, len(zipped.names), f"{query.register}.zip")
        return zipped

    def _papers(self, query: Query, *, are_signed: bool) -> Papers:
        shop = self.workshop
        bare = Facts(shop.settings.world, shop.derivations, shop.calendar, self.clock(), {}, {})
        field = "scan" if are_signed or query.register == "contracts" else "document"
        return Papers(self.reader, self.client, bare, field)

    def _note(self, query: Query, what: str, count: int, file: str) -> None:
        if count:
            note_taken(self.store, what, query, count, file, self.clock())
            self.wake()

    def plan_reminders(self, query: Query) -> RemindPlan:
        """Return what would be sent to the clients of a selection. Reads only. Raises PortalError."""
        remind = Remind(self.edition(), self.reader, self.store, self.workshop.settings.brakes)
        words = selection_words(query).ru
        return remind.plan(self.items(query), self.clock(), words, query.viewer.name)

    def send(self, plan: RemindPlan) -> list[str]:
        """Hand the letters of a plan to the engine; return the ids of their events."""
        ids = put_reminders(self.store, plan.going, plan.selection, self.clock())
        self.wake()
        return ids

    def commands(self, entity: str) -> list[tuple[str, str]]:
        """Return the commands that rules in force take for an entity's items: name, and the rule's title."""
        return [
            (trigger.name, rule.title)
            for rule in self.edition().rules
            if not rule.is_disabled
            for trigger in rule.triggers
            if trigger.kind == "command" and trigger.entity == entity
        ]

    def plan_command(self, name: str, query: Query) -> Sequence[Case]:
        """Return what a command would do for each item of a selection. Reads only. Raises PortalError."""
        commanding = Commanding(self.edition(), self.reader, self.store, name)
        return commanding.plan(self.items(query), self.clock())
