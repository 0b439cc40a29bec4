"""What people do with a selection of a register: the events that say so, and the note that stays in the journal.

Decides nothing of a register: who is chosen and who may see what is settled before an event is raised. It sends no
letter either; that is `mail.send`, which the regulation names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from engine import Action, Effect, Facts, Param, Params, Said, Undecided, hookimpl


class Note(Action):
    """Записывает в журнал, что сделали с выборкой реестра: распечатали, выгрузили, собрали в архив.

    Nothing changes anywhere: the words become the run's verdict, and the run in the journal is the note.
    """

    name: ClassVar[str] = "register.note"
    title: ClassVar[Said] = Said("Отметить в журнале", "Note in the journal")
    parameters: ClassVar[Mapping[str, Param]] = {
        "text": Param("text", "What was done, by whom, with what."),
        "english": Param("text", "The same for the English verdict.", required=False),
    }
    example: ClassVar[str] = '- register.note: {text: "Распечатано актов: 12"}'

    def effect(self, params: Params, facts: Facts) -> Effect | Undecided:
        """Say the words that the journal will hold. Undecided where they are."""
        text, english = params.get("text"), params.get("english") or "noted in the journal"
        for words in (text, english):
            if isinstance(words, Undecided):
                return words
        if not isinstance(text, str) or not isinstance(english, str):
            return Undecided("register.note: text")
        # A step that has nothing to do is what the verdict of a run speaks of, in the list of runs too.
        return Effect(params, nothing_to_do=Said(text, english))


@hookimpl
def reglament_actions() -> list[Action]:
    """Supply `register.note`."""
    return [Note()]


@hookimpl
def reglament_events() -> Mapping[str, Mapping[str, str]]:
    """Declare what people do with a selection.

    `register.remind`: one client is to be reminded of these acts. `register.taken`: a selection left the register as
    a print, an archive or a table; nothing is asked for.
    """
    return {
        "register.remind": {"client": "company", "acts": "list of act", "selection": "text"},
        "register.taken": {
            "what": "text", "register": "text", "selection": "text", "file": "text", "who": "text", "count": "number",
        },
    }  # fmt: skip
