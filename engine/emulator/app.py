"""The portal's HTTP face.

Routes requests to the portal and carries out faults; decides nothing about methods. `/rest/` is the portal,
`/_demo/` and `/` are the twin's own and answer only to this machine.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping

from flask import Flask, Response, request

from engine.emulator import demo, downloads, oauth, pages, v3
from engine.emulator.calling import Call, Caller
from engine.emulator.condition import moved_address, refuse_in_condition
from engine.emulator.errors import RestError
from engine.emulator.faults import Broken, given_fields, suffer, without_fields
from engine.emulator.faults import Request as Seen
from engine.emulator.links import read_token
from engine.emulator.methods.disk_file import PART, finish_upload
from engine.emulator.oauth import caller_of_token, sent_token
from engine.emulator.portal import Portal
from engine.emulator.transport import answer_body, json_response, method_name, read_params


def create_app(portal: Portal, beside: Callable[[], str] = str) -> Flask:
    """A WSGI application serving one portal; `beside` gives the address shown in a frame beside its pages, or ""."""
    app = Flask("engine.emulator", static_folder=None)
    app.url_map.strict_slashes = False
    numbers = itertools.count(1)
    verbs = ["GET", "POST"]

    @app.route("/rest/<user>/<secret>/<path:method>", methods=verbs)
    def by_webhook(user: str, secret: str, method: str) -> Response:
        name = method_name(method)
        return _guarded(portal, name, next(numbers), lambda drops: _call(portal, user, secret, name, drops))

    @app.route("/rest/api/<user>/<secret>/<path:method>", methods=verbs)
    def by_webhook_v3(user: str, secret: str, method: str) -> Response:
        name = method_name(method)
        return _guarded(
            portal,
            name,
            next(numbers),
            lambda _: v3.answer(portal, name, lambda: portal.caller(user, secret)),
        )

    @app.route("/rest/api/<method>", methods=verbs)
    def by_token_v3(method: str) -> Response:
        name = method_name(method)

        def caller() -> Caller:
            return caller_of_token(portal, sent_token(read_params(request)))

        return _guarded(portal, name, next(numbers), lambda _: v3.answer(portal, name, caller))

    @app.route("/rest/<path:method>", methods=verbs)
    def by_token(method: str) -> Response:
        name = method_name(method).lower()
        return _guarded(portal, name, next(numbers), lambda drops: _by_token(portal, name, drops))

    @app.get("/~<code>")
    def public(code: str) -> Response:
        return downloads.public_file(portal, code)

    app.register_blueprint(demo.create_blueprint(portal))
    app.register_blueprint(oauth.create_blueprint(portal))
    app.register_blueprint(pages.create_blueprint(portal, beside))
    return app


def _base_url() -> str:
    return request.url_root.rstrip("/")


def _call(portal: Portal, user: str, secret: str, name: str, drops: frozenset[str]) -> Response:
    caller = portal.caller(user, secret)
    params = without_fields(read_params(request), drops)
    answer = portal.call(caller, name, params, base_url=_base_url())
    return json_response(answer_body(answer))


def _by_token(portal: Portal, name: str, drops: frozenset[str]) -> Response:
    """What needs no webhook: downloads and the second step of an upload by the token of their link, and everything
    that an application calls by its access token.
    """
    token = request.args.get("token", "")
    if name in downloads.BY_TOKEN:
        return downloads.BY_TOKEN[name](portal, token)
    if name == "upload":
        return _upload(portal, token)
    params = read_params(request)
    if name == "app.info" and oauth.is_authorization_server(request.host):
        return oauth.answer_app_info(portal)
    caller = caller_of_token(portal, sent_token(params))
    bare = {key: value for key, value in params.items() if key not in ("auth", "access_token")}
    answer = portal.call(caller, name, without_fields(bare, drops), base_url=_base_url())
    return json_response(answer_body(answer))


def _upload(portal: Portal, token: str) -> Response:
    detail = read_token(portal.store, "upload", token)
    if detail is None:
        raise RestError(401, "NO_AUTH_FOUND", "Wrong authorization data")
    sent = request.files.get(PART)
    if sent is None:
        raise RestError(400, "ERROR_COULD_NOT_SAVE_FILE", "Could not save file")
    first: Mapping[str, object] = json.loads(detail)
    caller = Caller(int(str(first["user"])), frozenset({"disk"}), "upload")
    call = Call(portal, caller, {}, _base_url())
    with portal.change():
        result = finish_upload(call, first, sent.filename or "", sent.read())
    return json_response({"result": result})


def _guarded(
    portal: Portal, name: str, number: int, answer: Callable[[frozenset[str]], Response]
) -> Response:
    """The portal's own condition first, then limits, the planned fault if there is one, and the call itself."""
    moved = moved_address(portal.store, request.host, request.full_path.removesuffix("?"))
    if moved:
        return Response("", 302, headers={"Location": moved})
    try:
        refuse_in_condition(portal.store)
        if portal.limits == "real":
            portal.bucket.take(request.remote_addr or "")
        fault = None
        if portal.faults:
            fault = portal.faults(Seen(name.lower(), number, given_fields(read_params(request))))
        if fault is None:
            return answer(frozenset())
        return suffer(fault, answer, {"time": portal.time_of_rest(fault.rests)} if fault.rests else None)
    except RestError as error:
        return json_response(error.body(), error.status)
    except Broken:
        return _broken()


def _broken() -> Response:
    # A promise of more bytes than are sent makes the server close the connection: the caller gets no answer.
    broken = Response(b"", 200, content_type="application/json")
    broken.automatically_set_content_length = False
    broken.headers["Content-Length"] = "1048576"
    return broken
