"""Tells people: a notice in the portal, and where the regulation asks for it a copy in the feed.

Decides who is told where the addressee no longer works here, and what the message carries besides its text:
the direct link to the deal. It never decides what to say.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from engine import (
    Action,
    Command,
    Commands,
    Discrepancy,
    Effect,
    Facts,
    FeedChange,
    Item,
    Mixed,
    NoticeChange,
    Param,
    Params,
    Pending,
    Post,
    Said,
    Setup,
    Undecided,
    Value,
    Verification,
    claimed_key,
    delete_post,
    find_post,
    hookimpl,
    publish_post,
    read_post_back,
)

CLIENT: Final = "reglament"
EVERYBODY: Final = "UA"
# A deal's title or a client's name comes from outside and must not become a link or a button in our message;
# the marks for bold and the like are harmless and stay for the regulation's own use.
_MARKS: Final = re.compile(r"\[(?!/?(?:B|I|U|S|BR)\])(?=/?[A-Za-z]+[=\]\s])", re.IGNORECASE)


class Notify(Action):
    """Отправляет уведомление сотруднику (или нескольким) со ссылкой на сделку; `feed: true` — копия в ленте.

    Each active addressee has a notice with the link to the deal after the call; repeating it replaces the
    notice. Someone dismissed is passed over with a warning, and the fallback of the settings is told instead.
    """

    name: ClassVar[str] = "notify"
    title: ClassVar[Said] = Said("Уведомить", "Notify")
    parameters: ClassVar[Mapping[str, Param]] = {
        "to": Param("any", "A user, or a list of users."),
        "text": Param("text", "What to tell them; the link to the deal is added."),
        "feed": Param("yes/no", "Also post a copy in the feed.", required=False),
        "deal": Param("deal", "The deal to link to; by default the one that the rule sees.", required=False),
        "about": Param("item", "Another item to link to where there is no deal, a contract.", required=False),
    }
    example: ClassVar[str] = '- notify: {to: "${deal.manager}", text: "Сделка закрыта", feed: true}'
    kinds: ClassVar[tuple[str, ...]] = ("notice", "feed")
    irreversible: ClassVar[bool] = True

    def __init__(self, setup: Setup) -> None:
        self.map = setup.map
        own = setup.own.get("notify")
        self.own: Mapping[str, object] = own if isinstance(own, Mapping) else {}

    def effect(self, params: Params, facts: Facts) -> Effect | Undecided:
        """Say whom the notice reaches and what the feed gets. Undecided where addressee or text is."""
        text, to = params.get("text"), params.get("to")
        for value in (text, to):
            if isinstance(value, Undecided):
                return value
        people, warnings = self._addressees(to, facts)
        if isinstance(people, Undecided):
            return people
        words = _text_of(text)
        if words is None:
            return Undecided("text")
        link = _link_of(params, facts, self.map.url)
        changes: list[NoticeChange | FeedChange] = [NoticeChange(person, words) for person in people]
        if params.get("feed") is True:
            post = _post(words, link, _codes(self.own.get("feed_to")))
            if isinstance(post, Undecided):
                return post
            changes.append(post)
        if not changes:
            said = Said("Уведомить некого.", "There is nobody to tell.")
            return Effect(params, nothing_to_do=said, warnings=warnings)
        details: dict[str, Value] = {"people": people, **link}
        return Effect(params, tuple(changes), None, details, warnings=warnings)

    def commands(self, effect: Effect) -> Commands:
        """Send the notices in one batch, then the feed copy; return ids, empty where refused."""
        key = yield from claimed_key()
        told = _told(effect)
        ids: list[Value] = []
        if told:
            answers = yield [_notice(f"notice_{at}", person, effect, key) for at, person in enumerate(told)]
            ids = [str(answer.result) if answer.result else "" for answer in answers]
        if effect.params.get("feed") is True:
            ids.append((yield from publish_post(self._post(effect), key or _words_key(effect))))
        return tuple(ids)

    def verify(self, effect: Effect, result: Value) -> Verification:
        """Return the notices that the portal did not accept (it answered `false`) and what it did to the copy."""
        ids, told = result if isinstance(result, tuple) else (), _told(effect)
        said = Said("Портал не принял уведомление.", "The portal did not accept the notice.")
        text = str(effect.params["text"])
        wrong = [
            Discrepancy(str(person), "notice", text, "", said)
            for person, one in zip(told, ids, strict=False)
            if one == ""
        ]
        if effect.params.get("feed") is True:
            wrong.extend((yield from _read_copy_back(self._post(effect), ids[-1] if ids else None)))
        return tuple(wrong)

    def probe(self, key: str, effect: Effect) -> Commands:
        """Look for the feed copy, which goes last: where it is, everybody has been told.

        None where it is not, or where there is none: notices are replaced by their tag and may be sent again.
        """
        if effect.params.get("feed") is not True:
            yield from ()
            return None
        found = yield from find_post(self._post(effect), key)
        return (
            (*(_tag(effect, person.id, key) for person in _told(effect)), found)
            if isinstance(found, str)
            else found
        )

    def undo(self, effect: Effect, result: Value) -> Commands | None:
        """Delete the feed copy and say that notices stay: who was told cannot be untold. Without a copy, None."""
        post = result[-1] if isinstance(result, tuple) and result else None
        if effect.params.get("feed") is not True or not isinstance(post, str) or not post.isdecimal():
            return None
        return self._delete_copy(effect, post)

    def _delete_copy(self, effect: Effect, post: str) -> Commands:
        found = yield from delete_post(self._post(effect), post)
        told = ", ".join(map(str, _told(effect)))
        if isinstance(found, Undecided) or not told:
            return found
        return Undecided(f"запись в ленте удалена, а уведомление не отозвать: его получили {told}")

    def _post(self, effect: Effect) -> Post:
        return _post_of(effect, _codes(self.own.get("feed_to")))

    def _addressees(
        self, to: Value | Mapping[str, Value], facts: Facts
    ) -> tuple[tuple[Item, ...] | Undecided, tuple[Said, ...]]:
        people: list[Item] = []
        warnings: list[Said] = []
        asked: Sequence[object] = to if isinstance(to, tuple) else (to,)
        for person in asked:
            if isinstance(person, Undecided):
                return person, ()
            if person is not None and not (isinstance(person, Item) and person.entity == "user"):
                return Undecided(f"notify.to: {person} — не сотрудник"), ()
            reached, warning = self._reached(person if isinstance(person, Item) else None, facts)
            if warning is not None:
                warnings.append(warning)
            if reached is not None and reached not in people:
                people.append(reached)
        return tuple(people), tuple(warnings)

    def _reached(self, person: Item | None, facts: Facts) -> tuple[Item | None, Said | None]:
        """Return who is told in place of `person`, and the warning where it is somebody else or nobody."""
        if person is not None and facts.field(person, "active") is not False:
            return person, None
        name = facts.field(person, "name") if person is not None else None
        who = name if isinstance(name, str) else str(person) if person is not None else ""
        missing = Said(f"{who} больше не работает", f"{who} no longer works here") if who else NOBODY
        fallback = str(self.own.get("fallback") or "")
        if not fallback:
            return None, Said(
                f"{missing.ru}: уведомление не отправлено.", f"{missing.en}: the notice is not sent."
            )
        return Item("user", fallback), Said(
            f"{missing.ru}: уведомление получит user/{fallback}.",
            f"{missing.en}: user/{fallback} is told instead.",
        )


NOBODY: Final = Said("Ответственный не указан", "Nobody is responsible")


class PostToFeed(Action):
    """Публикует запись в ленте портала с прямой ссылкой на сделку.

    One post with the text and the direct link to the deal is in the feed after the call. Where an answer is lost, the
    post is found again by the mark in its link.
    """

    name: ClassVar[str] = "feed.post"
    title: ClassVar[Said] = Said("Написать в ленту", "Post to the feed")
    parameters: ClassVar[Mapping[str, Param]] = {
        "text": Param("text", "What to post; the link to the deal is added."),
        "to": Param("list of text", "Addressees by the portal's codes (`UA`, `U5`, `DR3`).", required=False),
        "deal": Param("deal", "The deal to link to; by default the one that the rule sees.", required=False),
        "about": Param("item", "Another item to link to where there is no deal, a contract.", required=False),
    }
    example: ClassVar[str] = '- feed.post: {text: "Сделка «${deal.title}» закрыта"}'
    kinds: ClassVar[tuple[str, ...]] = ("feed",)
    irreversible: ClassVar[bool] = True

    def __init__(self, setup: Setup) -> None:
        self.map = setup.map
        own = setup.own.get("notify")
        self.codes = _codes(own.get("feed_to") if isinstance(own, Mapping) else None)

    def effect(self, params: Params, facts: Facts) -> Effect | Undecided:
        """Say the post. Undecided where the text is, or where there is no deal to link to."""
        text = params.get("text")
        words = _text_of(text)
        if words is None or isinstance(text, Undecided):
            return text if isinstance(text, Undecided) else Undecided("text")
        link = _link_of(params, facts, self.map.url)
        post = _post(words, link, _codes(params.get("to")) if params.get("to") else self.codes)
        return post if isinstance(post, Undecided) else Effect(params, (post,), None, {**link, "people": ()})

    def commands(self, effect: Effect) -> Commands:
        """Post once; return the post's id."""
        key = yield from claimed_key()
        return (yield from publish_post(self._post(effect), key or _words_key(effect)))

    def verify(self, effect: Effect, result: Value) -> Verification:
        """Read the post back."""
        return (yield from _read_copy_back(self._post(effect), result))

    def probe(self, key: str, effect: Effect) -> Commands:
        """Return the id of the post: as noted, or found in the feed by its mark; None where it is not there."""
        return (yield from find_post(self._post(effect), key))

    def undo(self, effect: Effect, result: Value) -> Commands | None:
        """Delete the post."""
        is_known = isinstance(result, str) and result.isdecimal()
        return delete_post(self._post(effect), str(result)) if is_known else None

    def _post(self, effect: Effect) -> Post:
        to = effect.params.get("to")
        return _post_of(effect, _codes(to) if to else self.codes)


def _told(effect: Effect) -> tuple[Item, ...]:
    people = effect.details["people"]
    return tuple(person for person in people if isinstance(person, Item)) if isinstance(people, tuple) else ()


def _read_copy_back(post: Post, number: Value) -> Verification:
    # An estimate has no result to show yet, and shall count the read.
    known = "0" if number is None else number
    if isinstance(known, str) and known.isdecimal():
        return (yield from read_post_back(post, known))
    said = Said("Портал не назвал номер записи в ленте.", "The portal gave the post in the feed no number.")
    return (Discrepancy("feed", "post", post.title, "", said),)


def _post_of(effect: Effect, codes: tuple[str, ...]) -> Post:
    title, url = str(effect.details["title"]), str(effect.details["url"])
    return Post(title, _plain(str(effect.params["text"])), url, codes)


def _text_of(text: object) -> str | Mixed | Pending | None:
    if isinstance(text, Mixed | Pending):
        return text
    return str(text) if text is not None and not isinstance(text, Undecided) and str(text).strip() else None


def _link_of(params: Params, facts: Facts, url_of: object) -> dict[str, Value]:
    """Return the address and title of the deal, else of `about`, for `details`; empty texts where there is neither."""
    deal, about = params.get("deal"), params.get("about")
    item = deal if isinstance(deal, Item) else about
    if not isinstance(item, Item) or not callable(url_of):
        return {"url": "", "title": ""}
    title = facts.field(item, "title")
    word = "Сделка" if item is deal else "Карточка"
    return {"url": str(url_of(item)), "title": title if isinstance(title, str) else f"{word} {item.id}"}


def _post(
    text: str | Mixed | Pending, link: Mapping[str, Value], codes: tuple[str, ...]
) -> FeedChange | Undecided:
    if not link["url"]:
        return Undecided("deal: запись в ленте обязана ссылаться на сделку или карточку about, а их нет")
    return FeedChange(codes, text, str(link["url"]))


def _codes(value: object) -> tuple[str, ...]:
    if isinstance(value, str) and value:
        return (value,)
    codes = tuple(str(code) for code in value) if isinstance(value, list | tuple) else ()
    return codes or (EVERYBODY,)


def _notice(command: str, person: Item, effect: Effect, key: str) -> Command:
    text = _plain(str(effect.params["text"]))
    url = effect.details.get("url")
    params: dict[str, object] = {
        "USER_ID": int(person.id) if person.id.isdecimal() else person.id,
        "MESSAGE": f"{text}\n{_anchor(effect)}" if url else text,
        "MESSAGE_OUT": f"{effect.params['text']}\n{url}" if url else str(effect.params["text"]),
        # A notice with the tag of an earlier one replaces it, with a webhook only where CLIENT_ID is given
        # too: so a step that is carried out again after a crash tells nobody twice.
        "TAG": _tag(effect, person.id, key),
        "CLIENT_ID": CLIENT,
    }
    return Command(command, "im.notify.system.add", params, writes=True, assume=1)


def _anchor(effect: Effect) -> str:
    title = str(effect.details["title"]).replace("[", "(").replace("]", ")")
    return f"[URL={effect.details['url']}]{title}[/URL]"


def _plain(text: str) -> str:
    return _MARKS.sub("［", text)


def _tag(effect: Effect, whom: str, key: str) -> str:
    """Derive the tag from the key that the engine claimed; without one, from the words and the deal."""
    return f"REGLAMENT_{hashlib.sha256(f'{key or _words_key(effect)}|{whom}'.encode()).hexdigest()[:24]}"


def _words_key(effect: Effect) -> str:
    return f"{effect.params['text']}|{effect.details.get('url')}"


@hookimpl
def reglament_actions(setup: Setup) -> list[Action]:
    """Supply `notify` and `feed.post`."""
    return [Notify(setup), PostToFeed(setup)]
