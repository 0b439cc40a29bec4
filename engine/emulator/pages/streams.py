"""What the portal told people: feed, notices, letters, newest first. Reads; changes nothing."""

from __future__ import annotations

import re
from html import unescape

from engine.emulator.calling import to_int
from engine.emulator.mailbox import read_mails
from engine.emulator.pages.people import full_name
from engine.emulator.php import listing, mapping
from engine.emulator.portal import Portal
from engine.emulator.store import Record


def read_feed(portal: Portal) -> list[Record]:
    """Posts: author, time, title, text, whom they are for, files (id, name, size)."""
    return [
        {
            "id": row["ID"],
            "author": full_name(portal, row["AUTHOR_ID"]),
            "time": row["DATE_PUBLISH"],
            # A post without a title gets its own beginning as one, on the portal as here.
            "title": "" if str(row["DETAIL_TEXT"]).startswith(str(row["TITLE"])) else row["TITLE"],
            "text": row["DETAIL_TEXT"],
            "to": ", ".join(_reader(portal, str(one)) for one in listing(row["DEST"])),
            "is_important": row["IMPORTANT"] == "Y",
            "files": [mapping(one) for one in listing(row["FILES"])],
        }
        for row in reversed(portal.store.rows("post"))
    ]


def _reader(portal: Portal, code: str) -> str:
    """`UA` is everybody, `U6` an employee; groups and departments keep their code."""
    if code == "UA":
        return "Все сотрудники"
    return full_name(portal, code[1:]) if code[:1] == "U" and code[1:].isdigit() else code


def read_notices(portal: Portal, user: int = 0) -> list[Record]:
    """Notices to one employee, or to all of them for 0: number, whom, from whom, when, what."""
    return [
        {
            "id": row["ID"],
            "to": full_name(portal, row["USER_ID"]),
            "from": full_name(portal, row["FROM"]) or "Портал",
            "time": row["DATE"],
            "text": row["MESSAGE"],
        }
        for row in reversed(portal.store.rows("notice"))
        if not user or to_int(row["USER_ID"]) == user
    ]


def read_letters(portal: Portal) -> list[Record]:
    """The letters the mail catcher holds; `From` as the reader sees it, not the envelope's.

    `answers` is the letter that one continues, None where it begins a thread; a letter that is a page is shown as text.
    """
    rows = read_mails(portal.store)
    known = {str(row["message_id"]): row for row in rows if row["message_id"]}
    found = []
    for row in reversed(rows):
        seen = {name.lower(): str(value) for name, value in mapping(row["headers"]).items()}
        text = _words(str(row["text"])) if row["is_page"] else row["text"]
        shown = {"shown_from": seen.get("from") or row["from"], "text": text}
        found.append(row | shown | {"answers": known.get(seen.get("in-reply-to", ""))})
    return found


def _words(page: str) -> str:
    """A page's words, its paragraphs and lines kept."""
    broken = re.sub(r"(?i)\s*<br\s*/?>\s*", "\n", re.sub(r"(?i)\s*</p>\s*", "\n\n", page))
    return unescape(re.sub(r"<[^>]*>", "", broken)).strip()
