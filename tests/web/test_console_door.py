"""The console's door: nobody in without a link or a password, nothing done for another site's page, no guessing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from engine.runtime.accounts import INTEGRATOR, OFFICE, READER, Accounts
from tests.runtime.service_case import DEAL, Live, running
from tests.web.console_case import PASSWORD, Visitor, visitor
from tests.web.test_listeners import RULES

PAGES = ("/", "/journal", "/runs/1", "/runs/1/event.json")


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    # Whom the portal knows as user 1 may see every deal, and so its runs.
    with running(tmp_path, RULES, beside="\nroles: {1: all}\n") as found:
        yield found


def first(live: Live) -> Visitor:
    """The first person, who has chosen a name and a password."""
    found = Visitor(live.service.console_url)
    link = live.service.first_link().removeprefix(live.service.console_url)
    assert found.get(link).status_code == 200
    answer = found.post(link, {"name": "Елена Соколова", "password": PASSWORD, "again": PASSWORD})
    assert answer.url.path == "/journal"
    return found


def test_a_stranger_sees_no_page(live: Live) -> None:
    with Visitor(live.service.console_url) as stranger:
        for path in PAGES:
            assert stranger.get(path).url.path == "/sign-in", path
        assert stranger.http.get("/runs/1", headers={"HX-Request": "true"}).status_code == 401
        assert stranger.get("/readyz").status_code == stranger.get("/metrics").status_code == 200


def test_the_first_link_works_once_and_its_owner_signs_in_again_with_the_password(live: Live) -> None:
    link = live.service.first_link()
    with first(live) as elena:
        assert "Елена Соколова" in elena.get("/journal").text
        assert elena.post("/sign-out").url.path == "/sign-in"
        assert elena.get("/journal").url.path == "/sign-in"
        again = elena.post(
            "/sign-in", {"name": " елена  СОКОЛОВА ", "password": PASSWORD, "next": "/journal?show=fired"}
        )
        assert again.url.path == "/journal"
        assert again.url.query == b"show=fired"
        for old in (link, live.service.first_link() or link):
            assert elena.get(old.removeprefix(live.service.console_url)).status_code == 410
    assert live.service.first_link() == ""


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"name": "Я", "password": "коротко", "again": "коротко"}, "короче 10"),
        ({"name": "  ", "password": PASSWORD, "again": PASSWORD}, "Напишите имя"),
        ({"name": "Я", "password": PASSWORD, "again": PASSWORD + "!"}, "не совпадают"),
    ],
)
def test_an_invitation_filled_in_wrongly_stays_open(live: Live, form: dict[str, str], words: str) -> None:
    link = live.service.first_link().removeprefix(live.service.console_url)
    with Visitor(live.service.console_url) as found:
        answer = found.post(link, form)
        assert answer.status_code == 400
        assert words in answer.text
        assert found.get(link).status_code == 200


def test_guessing_is_stopped_and_says_no_more_than_needed(live: Live) -> None:
    first(live).http.close()
    with Visitor(live.service.console_url) as thief:
        told = set()
        for name in ("Елена Соколова", "Никто"):
            answer = thief.post("/sign-in", {"name": name, "password": "не тот пароль"})
            assert answer.status_code == 403
            told.add(answer.text.replace(name, ""))
        assert len(told) == 1
        statuses = [
            thief.post("/sign-in", {"name": "Елена Соколова", "password": f"догадка {n}"}).status_code
            for n in range(6)
        ]
        assert statuses == [403] * 4 + [429] * 2
        # The right password is not tried either: the answer must not tell it from a wrong one.
        assert thief.post("/sign-in", {"name": "Елена Соколова", "password": PASSWORD}).status_code == 429
        assert thief.get("/journal").url.path == "/sign-in"


def test_a_change_needs_the_pages_own_token_and_our_own_origin(live: Live) -> None:
    with visitor(live.service) as person:
        person.get("/journal")
        token, person.csrf = person.csrf, "wrong"
        assert person.post("/sign-out").status_code == 403
        person.csrf = ""
        assert person.post("/sign-out").status_code == 403
        person.csrf = token
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert person.post("/sign-out", headers=headers).status_code == 403
        assert person.get("/journal").url.path == "/journal"
        assert person.post("/sign-out", headers={"Origin": live.service.console_url}).url.path == "/sign-in"


def test_after_the_door_only_our_own_pages(live: Live) -> None:
    first(live).http.close()
    for wanted in (
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "/a\r\nb",
    ):
        with Visitor(live.service.console_url) as found:
            form = {"name": "Елена Соколова", "password": PASSWORD, "next": wanted}
            answer = found.http.post("/sign-in", data=form, follow_redirects=False)
            assert answer.headers["Location"] == "/"


def test_roles(live: Live) -> None:
    live.person.update(DEAL, 118, {"title": "Другое имя"})
    live.settle()
    for role, status in ((READER, 403), (OFFICE, 200), (INTEGRATOR, 200)):
        with visitor(live.service, role) as person:
            assert person.get("/runs/1").status_code == 200
            assert person.post("/runs/1/retry", {"edition": "run"}).status_code == status, role


def test_somebody_closed_is_out_at_once(live: Live) -> None:
    with visitor(live.service, OFFICE, name="Бывший") as person:
        assert person.get("/journal").url.path == "/journal"
        assert live.service.accounts.close("бывший")
        assert person.get("/journal").url.path == "/sign-in"


def test_a_session_ends_by_idleness_and_by_age(live: Live) -> None:
    accounts = live.service.accounts
    secret, _ = accounts.enter(accounts.admit("Сидящий", OFFICE)) or ("", None)
    assert accounts.session(secret)
    live.service.store.execute("UPDATE session SET seen = seen - 43300")
    assert accounts.session(secret) is None
    secret, _ = accounts.enter(accounts.admit("Сидящий", OFFICE)) or ("", None)
    live.service.store.execute("UPDATE session SET begun = begun - 1209700")
    assert accounts.session(secret) is None


def test_an_invitation_lets_nobody_in_before_a_password_is_chosen(live: Live) -> None:
    secret = live.service.accounts.invite("Новая", OFFICE)
    with Visitor(live.service.console_url) as found:
        assert found.get(f"/sign-in/{secret}").url.path == "/sign-in"
        assert found.get("/journal").url.path == "/sign-in"
        assert found.get(f"/invitation/{secret}").status_code == 200


def test_no_secret_stands_in_the_state(live: Live) -> None:
    with first(live) as elena:
        cookie = elena.http.cookies["reglament"]
        invitation = live.service.accounts.invite("Ещё", READER)
        written = "".join(
            str(tuple(row))
            for table in ("account", "invitation", "session", "attempt", "audit")
            for row in live.service.store.rows(f"SELECT * FROM {table}")
        )
        for secret in (cookie, invitation, PASSWORD):
            assert secret not in written


def test_headers_let_no_stranger_frame_or_script_a_page(live: Live) -> None:
    with visitor(live.service) as person:
        for path in ("/journal", "/no-such-page"):
            headers = person.get(path).headers
            policy = headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert headers["X-Frame-Options"] == "DENY"
            assert headers["Cache-Control"] == "no-store"
        cookie = next(one for one in person.http.cookies.jar if one.name == "reglament")
        assert cookie.has_nonstandard_attr("HttpOnly")
        assert cookie.get_nonstandard_attr("SameSite") == "Lax"


def test_static_files_are_what_was_vendored_and_nothing_else_is_served(live: Live) -> None:
    import hashlib

    from engine.web.console.look import STATIC

    for line in (STATIC / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        answer = httpx.get(f"{live.service.console_url}/static/{name}", trust_env=False)
        assert hashlib.sha256(answer.content).hexdigest() == digest
    for path in (
        "/static/..%2fconsole%2flook.py",
        "/static/SHA256SUMS",
        "/static/%2e%2e/look.py",
        "/static/no.css",
    ):
        assert httpx.get(live.service.console_url + path, trust_env=False).status_code == 404, path


def test_who_did_what_is_kept(live: Live) -> None:
    accounts = live.service.accounts
    accounts.invite("Елена", OFFICE)
    elena = accounts.find("елена")
    assert elena
    accounts.note(elena, "retried run", "run/1")
    assert [(one.who, one.what, one.about) for one in accounts.audit()] == [("Елена", "retried run", "run/1")]
    assert isinstance(accounts, Accounts)
