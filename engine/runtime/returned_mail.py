"""Refusals of letters and answers to them become events of the deal: each once, whatever happens in between.

Decides which letter a message belongs to and what rules are told. A message that answers none of our letters is left
alone; a refusal is marked as seen in the box once it is stored, an answer stays new for the person who will read it.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from engine.decision.event import Event
from engine.language.values import File, Item, Row, Value
from engine.letter_thread import facts_note
from engine.mailbox.incoming import AUTOMATIC, BOUNCE, NOTICE, REPLY, Failure, Incoming, read_incoming
from engine.mailbox.sources import LOOK_BACK, Post, name_of, open_box
from engine.portal.contents import Contents
from engine.runtime.duties import Duty
from engine.runtime.inbox import put_event
from engine.runtime.logs import Log
from engine.runtime.memory import recall
from engine.runtime.snapshot import lane_of
from engine.runtime.store import Connection, Store
from engine.runtime.wire import item_of
from engine.setup import InboxSetup, MailSetup

BOUNCED, REPLIED = "mail.bounced", "mail.replied"
_FORGET: Final = 3 * LOOK_BACK
_LETTERS: Final = "letter facts "


def mailbox_duties(
    store: Store,
    setup: MailSetup,
    contents: Contents,
    clock: Callable[[], datetime],
    wake: Callable[[str], None],
    log: Log,
) -> list[Duty]:
    """Return the work of reading the mailbox, none where the settings name no mailbox."""
    if setup.inbox is None:
        return []
    returned = ReturnedMail(store, setup, setup.inbox, contents, clock, wake, log)
    return [Duty("mailbox", setup.inbox.seconds, returned.look, end=returned.end)]


class _Ended(Exception):  # noqa: N818 — it names a state, not a fault
    """The engine is stopping: its store is about to be closed."""


class ReturnedMail:
    """The mailbox of `setup.inbox`, read by `read`; what it finds is put into the inbox of events."""

    def __init__(
        self,
        store: Store,
        setup: MailSetup,
        inbox: InboxSetup,
        contents: Contents,
        clock: Callable[[], datetime],
        wake: Callable[[str], None],
        log: Log,
    ) -> None:
        self._store, self._setup, self._inbox = store, setup, inbox
        self._contents, self._clock, self._wake, self._log = contents, clock, wake, log
        self._box = name_of(inbox)
        self._thread: threading.Thread | None = None
        self._gate, self._is_ended = threading.Lock(), False

    def look(self) -> None:
        """Begin reading, unless a reading is under way: a mail server that is slow to answer holds up nobody."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._read_quietly, name="reglament-mailbox", daemon=True)
            self._thread.start()

    def _read_quietly(self) -> None:
        try:
            self.read()
        except _Ended:
            return
        except Exception as error:  # noqa: BLE001 — said, and tried again at the next look
            self._log.warning("mailbox", box=self._box, reason=str(error))

    def end(self) -> None:
        """The store is not touched after this returns, even where a mail server still keeps the reader waiting."""
        with self._gate:
            self._is_ended = True

    @contextmanager
    def _open(self) -> Iterator[None]:
        """Let the store be used inside the block. Raises _Ended once that is over."""
        with self._gate:
            if self._is_ended:
                raise _Ended
            yield

    def read(self) -> dict[str, int]:
        """Read what is new; return how many of each kind became events. Raises MailboxError, OSError.

        A message is done when its event is stored; one that cannot be stored now is read again the next time.
        """
        found: dict[str, int] = {}
        with open_box(self._setup, self._inbox) as box:
            with self._open():
                seen = self._seen()
            for place in box.places():
                if f"place {place}" in seen:
                    continue
                post = box.read(place)
                with self._open():
                    kind = self._take(post) if post is not None else ""
                if kind:
                    found[kind] = found.get(kind, 0) + 1
                if kind == BOUNCE:
                    box.mark(place)
        with self._open():
            self._forget()
        if found:
            self._log.info("mailbox", **found)
        return found

    def _take(self, post: Post) -> str:
        """Store one message's events; return its kind, empty where it answers none of our letters or was told."""
        incoming = read_incoming(post.raw)
        letters = self._letters(incoming)
        files = tuple(self._contents.keep(name, content) for name, content in incoming.files if letters)
        mark = f"id {incoming.message_id or hashlib.sha256(post.raw).hexdigest()}"
        lanes: list[str] = []
        with self._store.transaction() as connection:
            is_new = self._note(connection, mark, incoming.kind)
            self._note(connection, f"place {post.place}", incoming.kind)
            for number, (letter, failure) in enumerate(letters if is_new and incoming.kind != NOTICE else ()):
                lanes.append(self._put(connection, incoming, letter, failure, files, f"{mark} {number}"))
        for lane in lanes:
            self._wake(lane)
        return incoming.kind if lanes else ""

    def _letters(self, incoming: Incoming) -> list[tuple[Mapping[str, str], Failure | None]]:
        """Return our letters that a message is about, each with what failed; the nearest one alone for an answer."""
        named = [(one, facts) for one in incoming.about if (facts := self._facts(one))]
        if incoming.kind != BOUNCE:
            return [({**facts, "message_id": one}, None) for one, facts in named[:1]]
        if named:
            one, facts = named[0]
            fits = [failure for failure in incoming.failures if failure.address == facts.get("to")]
            # A mailbox that forwards is refused under an address that we never wrote to.
            return [({**facts, "message_id": one}, (fits or list(incoming.failures))[0])]
        return [
            (letter, failure)
            for failure in incoming.failures
            if failure.address and (letter := self._last_to(failure.address))
        ]

    def _facts(self, message_id: str) -> Mapping[str, str]:
        return _read(recall(self._store, facts_note(message_id)))

    def _last_to(self, address: str) -> Mapping[str, str]:
        """Return the last letter of the past month to an address, for a refusal that does not name it."""
        words = json.dumps({"to": address}, ensure_ascii=False)[:-1]
        rows = self._store.rows(
            "SELECT key, value FROM memory WHERE key LIKE ? AND substr(value, 1, ?) = ?",
            (f"{_LETTERS}%", len(words), words),
        )
        since = (self._clock() - LOOK_BACK).isoformat()
        found = [{**_read(row["value"]), "message_id": str(row["key"])[len(_LETTERS) :]} for row in rows]
        return max(
            (one for one in found if one.get("at", "") >= since),
            key=lambda one: one.get("at", ""),
            default={},
        )

    def _put(
        self,
        connection: Connection,
        incoming: Incoming,
        letter: Mapping[str, str],
        failure: Failure | None,
        files: tuple[File, ...],
        mark: str,
    ) -> str:
        name = BOUNCED if incoming.kind == BOUNCE else REPLIED
        item = item_of(letter.get("about", ""))
        event = Event(
            name=name,
            id=f"mail {hashlib.sha256(mark.encode()).hexdigest()[:24]}",
            time=self._clock(),
            item=item,
        )
        roots: dict[str, Value] = {
            "letter": _row(incoming, letter, failure, files),
            "deal": self._deal_of(item),
            "contract": item if item is not None and item.entity == "contract" else None,
        }
        return put_event(self._store, connection, event, roots, self._clock(), origin="mail")

    def _deal_of(self, item: Item | None) -> Item | None:
        """Return the deal of what a letter is about: itself, or the one whose lane the item stands in."""
        deal = item_of(lane_of(self._store, item)) if item is not None else None
        return deal if deal is not None and deal.entity == "deal" else None

    def _seen(self) -> set[str]:
        rows = self._store.rows("SELECT mark FROM mailbox_seen WHERE box = ?", (self._box,))
        return {str(row[0]) for row in rows}

    def _note(self, connection: Connection, mark: str, kind: str) -> bool:
        """True where the mark is new."""
        written = connection.execute(
            "INSERT INTO mailbox_seen (box, mark, kind, at) VALUES (?,?,?,?) ON CONFLICT (box, mark) DO NOTHING",
            (self._box, mark, kind, self._clock().isoformat()),
        )
        return written.rowcount == 1

    def _forget(self) -> None:
        before = (self._clock() - _FORGET).isoformat()
        self._store.write("DELETE FROM mailbox_seen WHERE at < ?", (before,))


def _read(text: str | None) -> dict[str, str]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return {name: str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def _row(
    incoming: Incoming, letter: Mapping[str, str], failure: Failure | None, files: tuple[File, ...]
) -> Row:
    """Return what rules are told; the names are those of docs/mail.md."""
    address = letter.get("to", "") if failure is not None else incoming.sender
    reason = failure.reason if failure is not None else ""
    return Row(
        (
            ("address", address),
            ("reason", reason or None),
            ("subject", letter.get("subject", "")),
            ("message_id", letter.get("message_id", "")),
            ("item", item_of(letter.get("about", ""))),
            ("sent_at", _moment(letter.get("at", ""))),
            ("text", incoming.text or None),
            ("automatic", incoming.kind == AUTOMATIC),
            ("attachments", files if incoming.kind == REPLY else ()),
        )
    )


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
