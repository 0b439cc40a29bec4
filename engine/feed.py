"""The portal's feed as a place where a post can be found again: published once, looked for, read back, deleted.

The feed has no key and no search. Decides how a post bears one all the same: in the fragment of its link, which no
reader sees and no server is sent. What a post says is the action's to decide.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from engine.action import Answer, Command, Commands, Discrepancy, Verification
from engine.drive import Asking, remember_command, rows_of
from engine.effects import Said
from engine.language.values import Undecided

PAGE: Final = 50
PAGES: Final = 20
"""How far back a lost post is looked for: a batch of pages, newest first."""

_MARK: Final = re.compile(r"#(reglament-[0-9a-f]{24})\]")


@dataclass(frozen=True, slots=True)
class Post:
    """A post: `text` is BB code without the link, `url` and `title` make the link, `to` are the portal's codes."""

    title: str
    text: str
    url: str
    to: tuple[str, ...]

    def message(self, mark: str) -> str:
        """Return the whole text with the marked link."""
        shown = self.title.replace("[", "(").replace("]", ")")
        return f"{self.text}\n[URL={self.url}#{mark}]{shown}[/URL]"


def mark_of(key: str) -> str:
    """Return the mark of what is posted under `key`: the same for the same key, and nobody else's."""
    return f"reglament-{hashlib.sha256(f'feed|{key}'.encode()).hexdigest()[:24]}"


def claimed_key() -> Asking[str]:
    """Return the key that the engine claimed for the step under way."""
    answers = yield [Command("key", "engine.key", {}, assume="")]
    return str(answers[0].result or "")


def publish_post(post: Post, key: str) -> Asking[str]:
    """Publish once under `key`; return the post's id. One noted already is not published again."""
    mark = mark_of(key)
    known = yield from _noted(mark)
    if known:
        return known
    params = {"POST_TITLE": post.title, "POST_MESSAGE": post.message(mark), "DEST": list(post.to)}
    answers = yield [Command("post", "log.blogpost.add", params, writes=True, assume=1)]
    number = str(answers[0].result or "")
    if not number.isdecimal():
        # Older portals answer `true` in place of the id (the page of log.blogpost.add shows both).
        found = yield from _look_through(post.to, mark)
        number = found if isinstance(found, str) else ""
    if number:
        yield [remember_command("note", f"feed:{mark}", number)]
    return number


def find_post(post: Post, key: str) -> Asking[str | Undecided | None]:
    """Return the id of what was published under `key`, None where it is surely not there.

    Undecided where the feed goes on further back than one looks: then only a person can say.
    """
    mark = mark_of(key)
    known = yield from _noted(mark)
    return known or (yield from _look_through(post.to, mark))


def read_post_back(post: Post, number: str) -> Verification:
    """Read the post; return what the portal cut or hid."""
    answers = yield [_get("posted", post, number)]
    text = _text_in(answers[0], number)
    if text is None:
        said = Said(
            "Записи в ленте не видно: её удалили, или у пользователя вебхука нет права её видеть.",
            "The post is not to be seen: somebody deleted it, or the webhook's user may not see it.",
        )
        return (Discrepancy("feed", "post", post.title, "", said),)
    if post.url in text:
        return ()
    said = Said(
        f"Портал обрезал или изменил запись: в ней нет ссылки, осталось {len(text)} знаков.",
        f"The portal cut or altered the post: its link is missing, {len(text)} characters are left.",
    )
    return (Discrepancy("feed", "post", post.text, text, said),)


def delete_post(post: Post, number: str) -> Commands:
    """Delete the post; undecided where it is another's or the portal refuses. One that is gone is left so."""
    answers = yield [_get("standing", post, number)]
    text = _text_in(answers[0], number)
    if text is None:
        return number
    if post.url not in text:
        return Undecided(f"запись {number} в ленте с тех пор изменили")
    answers = yield [
        Command("delete", "log.blogpost.delete", {"POST_ID": int(number)}, writes=True, assume=True)
    ]
    if not answers[0].result:
        return Undecided(f"портал не удалил запись {number} из ленты")
    marks = _MARK.findall(text)
    # The key is free again: what is done under it once more shall be posted once more.
    yield [remember_command(f"forget_{mark}", f"feed:{mark}", "") for mark in marks]
    return number


def _noted(mark: str) -> Asking[str]:
    answers = yield [Command("posted_before", "engine.recall", {"key": f"feed:{mark}"})]
    return answers[0].result if isinstance(answers[0].result, str) else ""


def _get(command: str, post: Post, number: str) -> Command:
    # Without LOG_RIGHTS the portal shows what is addressed to everybody, and nothing else.
    wanted = {"POST_ID": int(number), "LOG_RIGHTS": list(post.to)}
    row = {"ID": number, "DETAIL_TEXT": post.url}
    return Command(command, "log.blogpost.get", wanted, assume=[row])


def _look_through(to: Sequence[str], mark: str) -> Asking[str | Undecided | None]:
    commands = [
        Command(f"page_{at}", "log.blogpost.get", {"LOG_RIGHTS": list(to), "start": at * PAGE}, assume=[])
        for at in range(PAGES)
    ]
    answers = yield commands
    seen: set[str] = set()
    for answer in answers:
        rows = rows_of(answer)
        for row in rows:
            if mark in _plain(row):
                return str(row.get("ID"))
        # A page past the end is empty, or the last one again.
        if {str(row.get("ID")) for row in rows} <= seen:
            return None
        seen |= {str(row.get("ID")) for row in rows}
    return Undecided(
        f"среди {len(seen)} последних записей ленты нашей нет, а лента длиннее: метка в ссылке {mark}"
    )


def _text_in(answer: Answer, number: str) -> str | None:
    return next((_plain(row) for row in rows_of(answer) if str(row.get("ID")) == number), None)


def _plain(row: Mapping[str, object]) -> str:
    return html.unescape(str(row.get("DETAIL_TEXT") or ""))
