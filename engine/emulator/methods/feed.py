"""The feed: messages to everybody, a department, a person."""

from __future__ import annotations

from engine.emulator.calling import Call, Method, to_int
from engine.emulator.errors import RestError
from engine.emulator.methods.plain import choose, page, stringify
from engine.emulator.methods.standing import is_admin
from engine.emulator.php import listing, mapping
from engine.emulator.selection import Page
from engine.emulator.uploads import keep_file, read_pair


def _refused(text: str) -> RestError:
    return RestError(400, "SONET_CONTROLLER_LIVEFEED_BLOGPOST_ADD_ERROR", text)


def _add(call: Call) -> object:
    """A post; without ``DEST`` everybody reads it."""
    text = str(call.loose("POST_MESSAGE") or "").strip()
    if not text:
        raise _refused("Blog post hasn't been added")
    author = to_int(call.loose("USER_ID")) or call.user
    if author != call.user and not is_admin(call):
        raise _refused("User cannot add blog posts for another user")
    given = call.loose("DEST", call.loose("SPERM"))
    to = [str(one) for one in listing(given)] if given is not None else ["UA"]
    if not to:
        raise _refused("No destination specified")
    pairs = []
    for one in listing(call.loose("FILES")):
        try:
            pair = read_pair(one)
        except ValueError:
            pair = None
        if pair is None:
            raise _refused("Blog post hasn't been added")
        pairs.append(pair)
    store = call.portal.store
    post_id = store.next_id("post")
    row = {
        "ID": post_id,
        "AUTHOR_ID": author,
        "DATE_PUBLISH": call.portal.clock.stamp(),
        "TITLE": str(call.loose("POST_TITLE") or ""),
        "DETAIL_TEXT": text,
        "DEST": to,
        "IMPORTANT": str(call.loose("IMPORTANT") or "N"),
        "TAGS": str(call.loose("TAGS") or ""),
        "FILES": [keep_file(store, *pair) for pair in pairs],
        "UF_BLOG_POST_FILE": [] if pairs else listing(call.loose("UF_BLOG_POST_FILE")),
    }
    store.put("post", post_id, row)
    call.portal.raise_event("ONLIVEFEEDPOSTADD", {"FIELDS": {"POST_ID": post_id}})
    return post_id


def _get(call: Call) -> object:
    """Posts addressed to one of ``LOG_RIGHTS``, newest first; without it those to everybody."""
    wanted = call.loose("POST_ID")
    raw = {"ID": wanted} if wanted is not None else {}
    asked = call.loose("LOG_RIGHTS")
    rights = {str(one) for one in (["UA"] if asked is None else listing(asked))}
    rows = [
        row for row in call.portal.store.rows("post") if rights & {str(one) for one in listing(row["DEST"])}
    ]
    found = page(call, choose(call, list(reversed(rows)), raw_filter=raw))
    return Page([stringify(mapping(row)) for row in listing(found.result)], found.total, found.next)


def _delete(call: Call) -> object:
    """The author's own post is gone; the documentation names no answer and no error, these are the add's."""
    post_id = to_int(call.loose("POST_ID"))
    row = call.portal.store.get("post", post_id)
    if row is None or row["AUTHOR_ID"] != call.user:
        raise RestError(
            400, "SONET_CONTROLLER_LIVEFEED_BLOGPOST_DELETE_ERROR", "No post found or access denied"
        )
    call.portal.store.remove("post", post_id)
    call.portal.raise_event("ONLIVEFEEDPOSTDELETE", {"FIELDS": {"POST_ID": post_id}})
    return True


METHODS = (
    Method("log.blogpost.add", "log", _add),
    Method("log.blogpost.get", "log", _get),
    Method("log.blogpost.delete", "log", _delete),
)
