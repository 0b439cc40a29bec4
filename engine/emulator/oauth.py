"""The authorization server: `/oauth/authorize/`, `/oauth/token/` and its own `app.info`.

On a real portal it is a host of the vendor's; here it is the portal itself. Decides which refusal has which status;
what a token is good for is in `application_auth.py`. There is no form to sign in: whoever opens the first address is
the employee ``user`` (default: who installed the application).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, request

from engine.emulator.application_auth import (
    issue_once,
    now_of,
    read_access,
    scope_text,
    take_once,
    token_answer,
)
from engine.emulator.applications import find_application
from engine.emulator.calling import Caller, to_int
from engine.emulator.clock import iso
from engine.emulator.condition import read_condition, refuse_in_condition
from engine.emulator.errors import RestError
from engine.emulator.php import listing
from engine.emulator.store import Record
from engine.emulator.transport import json_response, read_params

if TYPE_CHECKING:
    from engine.emulator.portal import Portal

# Names that clients have built in; a proxy may lead them here.
_HOSTS = ("oauth.bitrix.info", "oauth.bitrix24.tech")
_GRANTS = {"authorization_code": ("code", "authcode"), "refresh_token": ("refresh_token", "refreshtoken")}


class OAuthError(Exception):
    """A refusal of this server; most of its errors have no description."""

    def __init__(self, status: int, code: str, text: str = "") -> None:
        super().__init__(f"{status} {code}: {text}")
        self.status = status
        self.body = {"error": code} | ({"error_description": text} if text else {})


def give_tokens(portal: Portal, given: Mapping[str, object]) -> Record:
    """A new pair of tokens for a code or a refresh token, which is dead afterwards. Raises `OAuthError`."""
    kind = str(given.get("grant_type", ""))
    if kind not in _GRANTS:
        raise OAuthError(400, "invalid_request", "Unsupported or missing grant_type")
    parameter, collection = _GRANTS[kind]
    for name in ("client_id", "client_secret", parameter):
        if not given.get(name):
            raise OAuthError(400, "invalid_request", f'No "{name}" parameter found')
    application = find_application(portal, str(given["client_id"]))
    if application is None:
        # Seen by the vendor's own client: an unknown client id is told with status 200.
        raise OAuthError(200, "wrong_client")
    if application["client_secret"] != str(given["client_secret"]):
        raise OAuthError(400, "invalid_client")
    if not (application["paid"] and read_condition(portal.store).commercial):
        raise OAuthError(401, "PAYMENT_REQUIRED", "Payment required")
    asked = {one for one in str(given.get("scope") or "").split(",") if one}
    if asked - set(map(str, listing(application["scopes"]))):
        text = "The request requires higher privileges than provided by the access token"
        raise OAuthError(403, "insufficient_scope", text)
    user = take_once(portal, collection, application, str(given[parameter]))
    if user is None:
        raise OAuthError(400, "invalid_grant")
    return token_answer(portal, application, user)


def caller_of_token(portal: Portal, token: str) -> Caller:
    """Who calls with an access token; `RestError` 401 where it is foreign, ended or its application is gone."""
    grant = read_access(portal.store, token)
    if grant is None:
        raise RestError(401, "NO_AUTH_FOUND", "Wrong authorization data")
    if grant.expires <= now_of(portal):
        raise RestError(401, "expired_token", "The access token provided has expired.")
    application = portal.store.get("application", grant.application)
    if application is None:
        raise RestError(401, "APPLICATION_NOT_FOUND", "Application not found")
    if application["installation"] != grant.installation:
        raise RestError(401, "INVALID_TOKEN", "Unable to get application by token")
    if not application["paid"]:
        raise RestError(401, "PAYMENT_REQUIRED", "Subscription has been ended")
    employee = portal.store.get("user", grant.user)
    if employee is None or employee.get("ACTIVE") is False:
        raise RestError(401, "authorization_error", "Unable to authorize user")
    allowed = application.get("users")
    if allowed is not None and grant.user not in map(to_int, listing(allowed)):
        raise RestError(403, "user_access_error", "The user does not have access to the application")
    scopes = frozenset(map(str, listing(application["scopes"])))
    return Caller(grant.user, scopes, f"application/{application['id']}", grant.application)


def sent_token(params: Mapping[str, object]) -> str:
    """The access token of the request: ``auth`` in query or body, or ``Authorization: Bearer``."""
    head, _, bearer = request.headers.get("Authorization", "").partition(" ")
    given = params.get("auth") or params.get("access_token")
    return str(given) if given else (bearer.strip() if head.lower() == "bearer" else "")


def server_app_info(portal: Portal, token: str) -> Record:
    """What the authorization server knows of a token: for which application, portal and employee it was given."""
    grant = read_access(portal.store, token)
    application = portal.store.get("application", grant.application) if grant else None
    if grant is None or application is None:
        raise OAuthError(400, "invalid_client")
    if grant.expires <= now_of(portal):
        raise OAuthError(401, "expired_token", "The access token provided has expired.")
    if application["installation"] != grant.installation:
        raise OAuthError(401, "NOT_INSTALLED", "Application not installed")
    install = {
        "installed": application["installed"],
        "version": application["version"],
        "status": application["status"],
        "scope": scope_text(application),
        "domain": urlsplit(portal.base_url).netloc,
        "uri": application["handler"],
        "client_endpoint": f"{portal.base_url}/rest/",
        "member_id": portal.member_id,
        "member_type": "B24",
    }
    found: Record = {"client_id": application["code"], "scope": scope_text(application)}
    # The vendor's own client reads the end of the token as ISO text here, unlike everywhere else.
    expires = datetime.fromtimestamp(grant.expires, portal.clock.zone)
    found |= {"expires": iso(expires), "install": install, "user_id": grant.user}
    caller = Caller(grant.user, frozenset(), str(application["code"]), grant.application)
    return {"result": found, "time": portal.time_of_run(caller, "app.info")}


def answer_app_info(portal: Portal) -> Response:
    """The answer to the present request for `server_app_info`, a refusal included."""
    try:
        return json_response(server_app_info(portal, sent_token(read_params(request))))
    except OAuthError as error:
        return json_response(error.body, error.status)


def is_authorization_server(host: str) -> bool:
    """Whether a request came by a name of the vendor's authorization server, not of the portal."""
    return host.partition(":")[0].lower() in _HOSTS


def _authorize(portal: Portal) -> Response:
    application = find_application(portal, request.args.get("client_id", ""))
    if application is None or not application["installed"]:
        return Response("Application is not installed\n", 404, content_type="text/plain")
    user = to_int(request.args.get("user", application["user"]))
    employee = portal.store.get("user", user)
    if employee is None or employee.get("ACTIVE") is False:
        return Response("No such employee\n", 403, content_type="text/plain")
    code, back = issue_once(portal, "authcode", application, user), str(application["handler"])
    if not back:
        # An application without an address shows its user the code, to be typed in there.
        return Response(f"{code}\n", content_type="text/plain")
    query = {
        "code": code,
        "state": request.args.get("state", ""),
        "domain": urlsplit(portal.base_url).netloc,
        "member_id": portal.member_id,
        "scope": scope_text(application),
        "server_domain": urlsplit(portal.base_url).netloc,
    }
    target = f"{back}{'&' if '?' in back else '?'}{urlencode(query)}"
    return Response("", 302, headers={"Location": target})


def create_blueprint(portal: Portal) -> Blueprint:
    """The routes of the authorization server of one portal; all take GET and POST, with a final slash or without."""
    blueprint = Blueprint("oauth", __name__, url_prefix="/oauth")
    verbs = ["GET", "POST"]

    @blueprint.before_request
    def refuse_deleted() -> None:
        # The server outlives the portal's plan, which it answers in words of its own.
        if read_condition(portal.store).deleted:
            refuse_in_condition(portal.store)

    @blueprint.errorhandler(OAuthError)
    def refuse(error: OAuthError) -> Response:
        return json_response(error.body, error.status)

    @blueprint.errorhandler(RestError)
    def refuse_all(error: RestError) -> Response:
        return json_response(error.body(), error.status)

    @blueprint.get("/authorize/")
    def authorize() -> Response:
        return _authorize(portal)

    @blueprint.route("/token/", methods=verbs)
    def token() -> Response:
        return json_response(give_tokens(portal, read_params(request)))

    @blueprint.route("/rest/app.info/", methods=verbs)
    @blueprint.route("/rest/app.info.json", methods=verbs)
    def app_info() -> Response:
        return answer_app_info(portal)

    return blueprint
