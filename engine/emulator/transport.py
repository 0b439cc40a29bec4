"""From an HTTP request to a call, and from an answer to JSON.

Accepts what a portal accepts: GET with a PHP query, JSON, forms and multipart with bracket keys. Knows no
method.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from flask import Request, Response

from engine.emulator.errors import RestError
from engine.emulator.php import items_of, parse_pairs, parse_query, printable
from engine.emulator.portal import Answer


def read_params(request: Request) -> dict[str, object]:
    """All parameters of a request; the body wins over the query. `RestError` on a body that is not JSON."""
    params = parse_query(request.query_string.decode())
    if request.method != "POST":
        return params
    if request.mimetype == "application/json":
        return params | _read_json(request.get_data())
    pairs = [(key, value) for key, values in request.form.lists() for value in values]
    return params | parse_pairs(pairs)


def _read_json(body: bytes) -> dict[str, object]:
    if not body.strip():
        return {}
    try:
        found = json.loads(body)
    except ValueError:
        raise RestError(400, "INVALID_REQUEST", "The body is not valid JSON") from None
    return dict(items_of(found))


def method_name(raw: str) -> str:
    """The method of a path's last part: without a final slash and ``.json``."""
    name = raw.strip("/")
    return name[: -len(".json")] if name.lower().endswith(".json") else name


def answer_body(answer: Answer) -> dict[str, object]:
    """The envelope of a success."""
    body: dict[str, object] = {"result": answer.result}
    if answer.next is not None:
        body["next"] = answer.next
    if answer.total is not None:
        body["total"] = answer.total
    return body | {"time": answer.time}


def json_response(body: Mapping[str, object], status: int = 200) -> Response:
    """A body as the portal prints it; ``Content-Type: application/json; charset=utf-8``."""
    text = json.dumps(printable(body), ensure_ascii=False)
    return Response(text, status, content_type="application/json; charset=utf-8")
