"""An application's tokens: renewed when the portal says so, once for everybody, never lost, and dead ones said."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from engine.emulator.applications import change_application
from engine.portal.application import Application
from engine.portal.credentials import Guest, Webhook
from engine.portal.errors import PortalError
from tests.portal.application_case import Case, running_case
from tests.portal.portal_case import Reply, running_stub

TOKENS = "/oauth/token/"


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    with running_case(tmp_path) as found:
        yield found


def failure(call) -> PortalError:
    with pytest.raises(PortalError) as caught:
        call()
    return caught.value


def test_an_application_calls_with_its_token_and_renews_nothing_before_it_must(case: Case) -> None:
    with case.client() as client:
        assert client.call("app.info", {})["result"]["CODE"] == case.row["code"]
        assert client.address == case.portal.base_url
    assert case.wire.count(TOKENS) == 0
    assert "auth" not in str(case.wire.sent[0].url)


def test_an_expired_token_is_renewed_and_a_write_sent_again_once(case: Case) -> None:
    before = case.shelf.read()
    case.pass_hours(2)
    with case.client() as client:
        fields = {"entityTypeId": 2, "fields": {"title": "после обновления токена"}}
        number = client.call("crm.item.add", fields)["result"]["item"]["id"]
        found = client.call(
            "crm.item.list", {"entityTypeId": 2, "filter": {"title": "после обновления токена"}}
        )
    after = case.shelf.read()
    assert [item["id"] for item in found["result"]["items"]] == [number]
    assert case.wire.count(TOKENS) == 1
    assert before
    assert after
    assert before.refresh_token != after.refresh_token
    assert before.application_token == after.application_token


def test_new_tokens_are_on_the_shelf_before_they_are_used(case: Case) -> None:
    case.pass_hours(2)
    seen: list[bool] = []

    def look(request: httpx.Request) -> None:
        if "/rest/" in request.url.path and case.wire.count(TOKENS):
            sent, kept = json.loads(request.content)["auth"], case.shelf.read()
            seen.append(kept is not None and kept.access_token == sent)

    case.wire.before.append(look)
    with case.client() as client:
        client.call("profile", {})
    assert seen == [True]


def test_many_at_once_renew_once(case: Case) -> None:
    case.pass_hours(2)
    answers: list[object] = []
    with case.client() as client:
        ask = lambda: answers.append(client.call("profile", {})["result"])  # noqa: E731
        threads = [threading.Thread(target=ask) for _ in range(12)]
        for one in threads:
            one.start()
        for one in threads:
            one.join(30)
    assert len(answers) == 12
    assert case.wire.count(TOKENS) == 1


def test_a_process_that_was_overtaken_takes_what_the_other_one_got(case: Case) -> None:
    case.pass_hours(2)
    spent = case.application().access()
    assert case.application().renew(spent)
    assert case.application().renew(spent)
    assert case.wire.count(TOKENS) == 1


def test_a_refresh_token_that_another_used_a_moment_ago_is_no_disaster(case: Case) -> None:
    """Between our reading of the shelf and our request somebody without our lock has renewed and kept the tokens."""
    case.pass_hours(2)
    other = case.application()
    spent = other.access()
    overtaking = iter([True])

    def overtake(request: httpx.Request) -> None:
        if TOKENS in str(request.url) and next(overtaking, False):
            assert other.renew(spent)

    case.wire.before.append(overtake)
    with case.client() as client:
        assert client.call("profile", {})["result"]["ID"] == "1"
    kept = case.shelf.read()
    assert kept
    assert kept.state == "installed"


def test_a_dead_refresh_token_is_said_and_not_asked_about_again(case: Case) -> None:
    case.pass_hours(24 * 200)
    with case.client() as client:
        first = failure(lambda: client.call("profile", {}))
        asked = len(case.wire.sent)
        second = failure(lambda: client.call("profile", {}))
    assert (first.code, first.retry) == (second.code, second.retry) == ("invalid_grant", "later")
    assert "install it again" in second.description
    assert len(case.wire.sent) == asked
    with case.client() as later:  # after a restart too
        failure(lambda: later.call("profile", {}))
    assert len(case.wire.sent) == asked
    assert case.shelf.install(case.tokens())
    with case.client() as again:
        assert again.call("profile", {})["result"]["ID"] == "1"


def test_a_wrong_client_secret_stops_the_asking_for_an_hour(case: Case) -> None:
    case.pass_hours(2)
    now = [0.0]
    application = Application(replace(case.server, client_secret="wrong"), case.shelf, clock=lambda: now[0])
    with case.client(application) as client:
        for _ in range(3):
            error = failure(lambda: client.call("profile", {}))
            assert (error.code, error.retry) == ("invalid_client", "later")
        assert case.wire.count(TOKENS) == 1
        now[0] = 3601.0
        failure(lambda: client.call("profile", {}))
    assert case.wire.count(TOKENS) == 2
    with case.client() as good:  # the token itself is still good
        assert good.call("profile", {})["result"]["ID"] == "1"


def test_an_unpaid_application_says_so_and_waits(case: Case) -> None:
    case.pass_hours(2)
    change_application(case.portal, int(case.row["id"]), {"paid": False})
    with case.client() as client:
        error = failure(lambda: client.call("profile", {}))
        failure(lambda: client.call("profile", {}))
    assert (error.code, error.retry) == ("PAYMENT_REQUIRED", "later")
    assert case.wire.count(TOKENS) == 1


def test_an_oauth_server_out_of_reach_costs_no_token(case: Case) -> None:
    case.pass_hours(2)
    with running_stub(Reply(503, b"<html>down</html>")) as stub:
        away = Application(replace(case.server, address=stub.url), case.shelf, sleep=lambda _: None)
        error = failure(lambda: away.renew(away.access()))
    assert error.retry == "later"
    with case.client() as client:
        assert client.call("profile", {})["result"]["ID"] == "1"


def test_a_server_that_only_takes_get_is_asked_by_get(case: Case) -> None:
    answer = {
        "access_token": "a2", "refresh_token": "r2", "member_id": "m", "client_endpoint": "https://p.example/rest/",
    }  # fmt: skip
    with running_stub(Reply(405, b""), Reply(200, answer)) as stub:
        grant = replace(case.server, address=stub.url, transport=None).refresh("r1")
        assert [one[0] for one in stub.asked] == ["POST", "GET"]
    assert (grant.access_token, grant.member_id) == ("a2", "m")
    assert "r2" not in repr(grant)


def test_before_the_install_there_is_nothing_to_call_with(tmp_path: Path) -> None:
    with running_case(tmp_path, installed=False) as case, case.client() as client:
        error = failure(lambda: client.call("profile", {}))
        assert (error.code, error.retry) == ("NOT_INSTALLED", "later")
        assert client.address == ""
        assert case.wire.sent == []
        case.shelf.install(case.tokens())
        assert client.call("profile", {})["result"]["ID"] == "1"


def test_a_removed_application_calls_nobody(case: Case) -> None:
    case.shelf.remove()
    with case.client() as client:
        assert failure(lambda: client.call("profile", {})).code == "APPLICATION_GONE"
    assert case.wire.sent == []


def test_tokens_of_another_portal_are_not_kept(case: Case) -> None:
    assert not case.shelf.install(replace(case.tokens(), member_id="another"))
    kept = case.shelf.read()
    assert kept
    assert kept.member_id == case.portal.member_id


def test_a_webhook_is_not_renewed_and_a_guest_neither() -> None:
    with running_stub(Reply(401, {"error": "expired_token", "error_description": "x"})) as stub:
        webhook, guest = Webhook(stub.webhook_url), Guest(stub.url + "/rest/", "visitor-token")
        assert not webhook.renew(webhook.access())
        assert not guest.renew(guest.access())
        assert "topsecret" not in repr(webhook) + repr(webhook.access())
        assert "visitor-token" not in repr(guest) + repr(guest.access())


def test_the_state_with_its_secrets_is_the_owner_s_alone(case: Case, tmp_path: Path) -> None:
    files = [path for path in tmp_path.iterdir() if path.is_file() and ".lock" not in path.name]
    assert files
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
