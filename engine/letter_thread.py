"""Letters about the same business: which came before, and what is known of one when it comes back.

Decides what a letter refers to, and what is kept of it. It sends and reads nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from engine.letters import ACCEPTED, Letter, ascii_address, note_of

if TYPE_CHECKING:
    from engine.action import Outside


def thread_note(about: str, to: str) -> str:
    """Return the key under which the Message-IDs to one address about one business stand, blanks between."""
    return f"thread {about} {ascii_address(to) or to}"


def earlier_letters(outside: Outside, about: str, to: str, own: str) -> tuple[str, ...]:
    """Return the accepted letters before `own` about the same business; `own` is noted as the thread's next one.

    At most ten: the first, which began the thread, and the last nine. Asked again for the same letter it gives the
    same answer, so that a letter tried twice has the same bytes.
    """
    if not about:
        return ()
    key = thread_note(about, to)
    known = (outside.recall(key) or "").split()
    if own not in known:
        outside.remember(key, " ".join([*known[:1], *known[1:][-40:], own]))
    before = known[: known.index(own)] if own in known else known
    went = [one for one in before if (outside.recall(note_of(one)) or "").startswith(ACCEPTED)]
    return (*went[:1], *went[1:][-9:])


def facts_note(message_id: str) -> str:
    """Return the key under which stands whom a letter went to and what it is about, for when it comes back."""
    return f"letter facts {message_id}"


def note_facts(outside: Outside, letter: Letter) -> None:
    """Keep what a bounce or an answer will be told by: JSON with `to`, `subject`, `about`, `at`."""
    facts = {
        "to": ascii_address(letter.to) or letter.to,
        "subject": letter.subject,
        "about": letter.about,
        "at": letter.at.isoformat(),
    }
    outside.remember(facts_note(letter.message_id), json.dumps(facts, ensure_ascii=False))
