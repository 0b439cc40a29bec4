"""What a portal is asked when it is recorded: the methods that the engine and the shipped actions use, in order.

Decides the questions and which part of an answer the next ones take up. It asks nobody. Reads change nothing; the
writes work on an item, a folder and a file that they make themselves, and each names what takes it away again.
"""

from __future__ import annotations

import base64
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from engine.portal.shapes import Json

Step: TypeAlias = str | int | tuple[str, str]
"""One step into an answer: a member, a row's number, or the first row whose member has this value."""

MARKER = "Reglament: проверка записи, можно удалить"
_DEAL, _COMPANY, _INVOICE = 2, 4, 31
_ABSENT = 999_999_999


@dataclass(frozen=True, slots=True)
class Question:
    """A call. A parameter `"$name"` stands for what an earlier answer gave under that name, `"U$name"` holds it.

    `label` is the same for the same question to another portal. `undo` takes away what the call made.
    """

    label: str
    method: str
    params: Mapping[str, Json] = field(default_factory=dict)
    gives: Mapping[str, Sequence[Step]] = field(default_factory=dict)
    is_write: bool = False
    undo: Question | None = None


def fill(params: Mapping[str, Json], found: Mapping[str, Json]) -> dict[str, Json] | None:
    """Return the parameters with every `$name` replaced, None where one of the names is not known."""
    try:
        return {key: _filled(value, found) for key, value in params.items()}
    except KeyError:
        return None


def take(answer: Json, steps: Sequence[Step]) -> Json:
    """Return what stands at the end of the steps, None where the answer does not go that far."""
    at = answer
    for step in steps:
        if isinstance(step, tuple):
            at = next(
                (row for row in _rows(at) if isinstance(row, dict) and row.get(step[0]) == step[1]), None
            )
        elif isinstance(step, str):
            at = at.get(step) if isinstance(at, dict) else None
        else:
            at = at[step] if isinstance(at, list) and step < len(at) else None
    return at


def _filled(value: Json, found: Mapping[str, Json]) -> Json:
    if isinstance(value, dict):
        return {key: _filled(one, found) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, found) for one in value]
    if not isinstance(value, str) or "$" not in value:
        return value
    before, _, name = value.partition("$")
    return f"{before}{found[name]}" if before else found[name]


def choose(questions: Sequence[Question], methods: Container[str]) -> tuple[Question, ...]:
    """Return the questions by these methods (in lower case) and those whose answers they take up, in their order."""
    kept: list[Question] = []
    names: set[str] = set()
    for question in reversed(questions):
        if question.method.lower() in methods or not names.isdisjoint(question.gives):
            kept.append(question)
            names.update(_names(dict(question.params)))
    return tuple(reversed(kept))


def _names(value: Json) -> Iterator[str]:
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _names(one)
    elif isinstance(value, str) and "$" in value:
        yield value.partition("$")[2]


def _rows(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def reads(kinds: Mapping[str, int], shared_drive: str) -> tuple[Question, ...]:
    """Return the questions that change nothing. `kinds` are the map's kinds of item with their type ids.

    `shared_drive` is the ENTITY_TYPE of the drive that holds the company's folders.
    """
    return (*_portal(), *_structure(kinds), *_items(kinds), *_drive(shared_drive), *_refusals())


def _portal() -> Iterator[Question]:
    yield Question("who we are", "profile", gives={"me": ("result", "ID")})
    yield Question("scopes", "scope")
    yield Question("clock", "server.time")
    yield Question("the webhook's owner", "user.current")
    yield Question("employees", "user.get", {"filter": {"ACTIVE": True}, "sort": "ID", "order": "ASC"})
    yield Question("names of events", "events")
    yield Question("a method that is there", "method.get", {"name": "crm.item.list"})


def _structure(kinds: Mapping[str, int]) -> Iterator[Question]:
    yield Question("smart processes", "crm.type.list")
    yield Question("stages", "crm.status.list", {"order": {"SORT": "ASC"}})
    for kind, number in kinds.items():
        params: dict[str, Json] = {"entityTypeId": number}
        yield Question(f"fields of {kind}", "crm.item.fields", params | {"useOriginalUfNames": "N"})
        if number not in (_COMPANY, 3):
            yield Question(f"pipelines of {kind}", "crm.category.list", params)
    own: Json = {"entityId": "CRM_DEAL"}
    yield Question(
        "own fields of deals", "userfieldconfig.list", {"moduleId": "crm", "filter": own, "select": ["*"]}
    )


def _items(kinds: Mapping[str, int]) -> Iterator[Question]:
    for kind, number in kinds.items():
        params: dict[str, Json] = {"entityTypeId": number}
        first = {kind: ("result", "items", 0, "id")}
        yield Question(f"{kind} page", "crm.item.list", params | {"order": {"id": "ASC"}, "start": 0}, first)
        by_id: dict[str, Json] = {"order": {"id": "ASC"}, "filter": {">id": f"${kind}"}, "start": -1}
        yield Question(f"{kind} without counting", "crm.item.list", params | by_id)
        yield Question(f"one {kind}", "crm.item.get", params | {"id": f"${kind}"})
        if number not in (_COMPANY, 3):
            yield Question(
                f"stages gone through by {kind}", "crm.stagehistory.list", params | {"order": {"ID": "ASC"}}
            )
    yield from (_of_deals() if "deal" in kinds else ())
    if "company" in kinds:
        owner: Json = {"ENTITY_TYPE_ID": _COMPANY, "ENTITY_ID": "$company"}
        gives = {"requisite": ("result", 0, "ID")}
        yield Question("requisites", "crm.requisite.list", {"filter": owner, "order": {"ID": "ASC"}}, gives)
        accounts: Json = {"ENTITY_ID": "$requisite"}
        yield Question("bank accounts", "crm.requisite.bankdetail.list", {"filter": accounts})
    if "invoice" in kinds:
        owner = {"entityTypeId": _INVOICE, "entityId": "$invoice"}
        yield Question("payments of an invoice", "crm.item.payment.list", {**owner})


def _of_deals() -> Iterator[Question]:
    rows: Json = {"=ownerType": "D", "=ownerId": "$deal"}
    yield Question("product rows of a deal", "crm.item.productrow.list", {"filter": rows})
    yield Question("a deal, the old way", "crm.deal.get", {"id": "$deal"})
    yield Question("deals, the old way", "crm.deal.list", {"order": {"ID": "ASC"}, "select": ["*", "UF_*"]})
    comments: Json = {"ENTITY_ID": "$deal", "ENTITY_TYPE": "deal"}
    yield Question("comments on a deal", "crm.timeline.comment.list", {"filter": comments})
    activities: Json = {"OWNER_TYPE_ID": _DEAL, "OWNER_ID": "$deal"}
    yield Question("activities of a deal", "crm.activity.list", {"filter": activities})


def _drive(shared_drive: str) -> Iterator[Question]:
    root: Mapping[str, Sequence[Step]] = {
        "folder": ("result", ("ENTITY_TYPE", shared_drive), "ROOT_OBJECT_ID")
    }
    yield Question("drives", "disk.storage.getlist", gives=root)
    names = ("folder", "folder 2", "folder 3", "folder 4", "folder 5", "folder 6")
    for depth, name in enumerate(names[:-1], 1):
        gives: dict[str, Sequence[Step]] = {
            names[depth]: ("result", ("TYPE", "folder"), "ID"),
            "file": ("result", ("TYPE", "file"), "ID"),
        }
        yield Question(f"a folder, depth {depth}", "disk.folder.getchildren", {"id": f"${name}"}, gives)
    yield Question("one folder", "disk.folder.get", {"id": "$folder"})
    yield Question("one file", "disk.file.get", {"id": "$file"})


def _refusals() -> Iterator[Question]:
    """Yield questions that the portal refuses; how it does is part of the protocol."""
    yield Question("an absent item", "crm.item.get", {"entityTypeId": _DEAL, "id": _ABSENT})
    yield Question("no kind of item", "crm.item.list", {})
    yield Question("an unknown kind of item", "crm.item.list", {"entityTypeId": _ABSENT})
    yield Question("an absent deal, the old way", "crm.deal.get", {"id": _ABSENT})
    yield Question("an absent file", "disk.file.get", {"id": _ABSENT})
    yield Question("an unknown method", "crm.no.such.method.get", {})
    lines: Json = {"clock": "server.time", "absent": f"crm.item.get?entityTypeId=2&id={_ABSENT}"}
    yield Question("a batch", "batch", {"halt": 0, "cmd": lines})
    yield Question(
        "a batch that halts",
        "batch",
        {"halt": 1, "cmd": {"a": f"crm.deal.get?id={_ABSENT}", "b": "server.time"}},
    )


def writes() -> tuple[Question, ...]:
    """Return the questions that make a deal, a folder and a file named `MARKER`, change and remove them.

    They come after `reads` and take up the drive's root folder and the webhook's owner, who gets one notification and
    for a moment a post in the feed that nobody else sees.
    """
    return (*_written_deal(), *_written_folder(), *_written_note())


def _written_deal() -> Iterator[Question]:
    key: dict[str, Json] = {"entityTypeId": _DEAL, "id": "$made deal"}
    made = {"made deal": ("result", "item", "id")}
    undo = Question("remove the deal", "crm.item.delete", key, is_write=True)
    fields: Json = {"title": MARKER, "opportunity": 1000.5, "currencyId": "RUB"}
    yield Question("make a deal", "crm.item.add", {"entityTypeId": _DEAL, "fields": fields}, made, True, undo)
    yield Question(
        "change the deal", "crm.item.update", key | {"fields": {"opportunity": 2000}}, is_write=True
    )
    rows: Json = [{"productName": MARKER, "price": 500.25, "quantity": 2}]
    owner: dict[str, Json] = {"ownerType": "D", "ownerId": "$made deal"}
    yield Question("set its rows", "crm.item.productrow.set", owner | {"productRows": rows}, is_write=True)
    comment: Json = {"ENTITY_ID": "$made deal", "ENTITY_TYPE": "deal", "COMMENT": MARKER}
    yield Question("comment on it", "crm.timeline.comment.add", {"fields": comment}, is_write=True)


def _written_folder() -> Iterator[Question]:
    undo = Question("remove the folder", "disk.folder.deletetree", {"id": "$made folder"}, is_write=True)
    made = {"made folder": ("result", "ID")}
    named: Json = {"NAME": MARKER.replace(":", "")}
    yield Question(
        "make a folder", "disk.folder.addsubfolder", {"id": "$folder", "data": named}, made, True, undo
    )
    yield Question(
        "make it again", "disk.folder.addsubfolder", {"id": "$folder", "data": named}, is_write=True
    )
    content: Json = ["проверка.txt", base64.b64encode(b"reglament").decode()]
    upload: dict[str, Json] = {"id": "$made folder", "data": {"NAME": "проверка.txt"}, "fileContent": content}
    yield Question(
        "send a file", "disk.folder.uploadfile", upload, {"made file": ("result", "ID")}, is_write=True
    )
    yield Question("send it again", "disk.folder.uploadfile", upload, is_write=True)
    yield Question("the sent file", "disk.file.get", {"id": "$made file"})
    yield Question(
        "name it anew", "disk.file.rename", {"id": "$made file", "newName": "новое.txt"}, is_write=True
    )
    yield Question(
        "a version of it",
        "disk.file.uploadversion",
        {"id": "$made file", "fileContent": content},
        is_write=True,
    )


def _written_note() -> Iterator[Question]:
    note: dict[str, Json] = {"USER_ID": "$me", "MESSAGE": MARKER}
    yield Question("a notification", "im.notify.system.add", note, is_write=True)
    key: dict[str, Json] = {"POST_ID": "$made post"}
    undo = Question("remove the post", "log.blogpost.delete", key, is_write=True)
    # Without an addressee the whole company would read it.
    post: dict[str, Json] = {"POST_TITLE": MARKER, "POST_MESSAGE": MARKER, "DEST": ["U$me"]}
    yield Question("post in the feed", "log.blogpost.add", post, {"made post": ("result",)}, True, undo)
    yield Question("the post", "log.blogpost.get", key | {"LOG_RIGHTS": ["U$me"]})
