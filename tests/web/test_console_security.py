"""What the console must refuse: others' rows, forged changes, strangers, smuggled scripts, paths, headers, huge input.

Every route is taken from the app itself, so that a page added tomorrow is judged too.
"""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from zipfile import ZipFile

import openpyxl
import pytest
from flask import Flask

from engine.cli.office import Office, open_office
from engine.cli.story import EVENTS
from engine.runtime.accounts import INTEGRATOR, OFFICE, READER
from engine.runtime.desk_opening import DeskLine, open_desk
from engine.runtime.logs import open_log
from engine.web.console import create_console_app
from tests.browser.conftest import demo_settings
from tests.web.console_case import Visitor, visitor

OPEN = ("/readyz", "/metrics", "/static/", "/sign-in", "/invitation", "/language")
# What a reader may post: nothing but to leave, and to try events in the sandbox, which writes nothing.
READERS = ("/sign-out", "/sandbox")
SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
OWNER, COLLEAGUE = "7", "9"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The demo office after three events, with a client and a deal whose names are scripts; one role: `own`."""
    folder = tmp_path_factory.mktemp("office")
    settings = replace(demo_settings(), roles={OWNER: "own"})
    with (folder / "log").open("w") as log, open_office(settings, folder, log=open_log(log)) as found:
        found.settle()
        EVENTS[0].do(found)
        found.settle()
        company = found.tell("items/get", entityTypeId=2, id=118)["companyId"]
        found.tell("items/update", entityTypeId=4, id=company, fields={"title": SCRIPT})
        found.tell("items/update", entityTypeId=2, id=118, fields={"title": SCRIPT})
        found.settle()
        yield found


@pytest.fixture(scope="module")
def app(office: Office) -> Flask:
    """The same app with its map of routes."""
    service = office.service
    line = DeskLine(service._client, service._gateway, service._reader)
    return create_console_app(
        open_desk(service.workshop, service.status, service.accounts, line, lambda _lane: None, lambda: None)
    )


def routes(app: Flask, method: str) -> list[str]:
    """An address for each of the app's routes that take `method`, its parts filled in with things that exist."""
    parts = {
        "int:number": "1", "path:name": "regulations/acts.yaml", "name": "acts", "ending": "csv", "edition": "sha256:0",
        "command": "remind", "secret": "no-such", "chosen": "en",
    }  # fmt: skip
    found = []
    for rule in app.url_map.iter_rules():
        if method not in (rule.methods or ()):
            continue
        found.append(re.sub(r"<([^>]+)>", lambda part: parts.get(part[1], "1"), rule.rule))
    return sorted(set(found))


def is_open(path: str) -> bool:
    return path.startswith(OPEN)


def test_a_stranger_is_shown_to_the_door_on_every_page(app: Flask, office: Office) -> None:
    paths = [one for one in routes(app, "GET") if not is_open(one)]
    assert len(paths) > 25
    with Visitor(office.console_url) as stranger:
        for path in paths:
            answer = stranger.http.get(path, follow_redirects=False)
            assert answer.status_code == 302, path
            assert answer.headers["Location"].startswith("/sign-in"), path
            assert "Акт" not in answer.text, path
            assert stranger.http.get(path, headers={"HX-Request": "true"}).status_code == 401, path


def test_a_stranger_changes_nothing(app: Flask, office: Office) -> None:
    with Visitor(office.console_url) as stranger:
        for path in routes(app, "POST"):
            if not is_open(path):
                answer = stranger.http.post(path, data={"csrf": ""}, follow_redirects=False)
                assert answer.status_code in (302, 401, 403), path
                assert answer.headers.get("Location", "/sign-in").startswith("/sign-in"), path
    assert not office.service.accounts.audit()


def test_every_change_needs_the_pages_own_token(app: Flask, office: Office) -> None:
    with (
        visitor(office.service, INTEGRATOR) as person,
        visitor(office.service, INTEGRATOR, name="Другой") as other,
    ):
        person.get("/journal")
        other.get("/journal")
        mine, theirs = person.csrf, other.csrf
        assert mine != theirs
        for path in routes(app, "POST"):
            for token in ("", "wrong", theirs, mine[:-1]):
                answer = person.http.post(path, data={"csrf": token}, follow_redirects=False)
                assert answer.status_code == 403, (path, token)
            for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
                answer = person.http.post(path, data={"csrf": mine}, headers=headers, follow_redirects=False)
                assert answer.status_code == 403, (path, headers)
        assert person.get("/journal").url.path == "/journal"


def test_a_reader_changes_nothing(app: Flask, office: Office) -> None:
    with visitor(office.service, READER) as reader:
        reader.get("/journal")
        paths = [one for one in routes(app, "POST") if not is_open(one) and not one.startswith(READERS)]
        assert len(paths) > 10
        for path in paths:
            assert reader.post(path).status_code == 403, path
        for path in ("/people", "/regulations/edit/regulations/acts.yaml", "/registers/acts/remind"):
            assert reader.get(path).status_code == 403, path
        assert 'href="/people"' not in reader.get("/journal").text


def test_an_office_person_does_not_reach_what_is_the_integrators(office: Office) -> None:
    with visitor(office.service, OFFICE) as person:
        person.get("/journal")
        assert person.get("/people").status_code == 403
        for path in ("/people", "/people/close", "/health/examine"):
            assert person.post(path, {"name": "Демо", "role": INTEGRATOR}).status_code == 403, path


def acts(found: Visitor, query: str = "") -> dict[str, str]:
    """The acts that a person sees in the list: number by id."""
    text = found.get(f"/registers/acts?size=200{query}").text
    rows = re.findall(r'name="item" value="(\d+)" aria-label="\S+ ([^"]*)"', text)
    return {id_: html.unescape(number) for id_, number in rows}


def test_a_person_sees_their_own_rows_alone_wherever_rows_are(office: Office) -> None:
    with visitor(office.service) as whole, visitor(office.service, OFFICE, OWNER) as person:
        everything, own = acts(whole), acts(person)
        assert 0 < len(own) < len(everything)
        others = {id_: number for id_, number in everything.items() if id_ not in own and number}
        for path in (
            "/registers/acts?size=200", "/registers/acts/export.csv", "/registers/acts/remind",
            "/registers/acts/papers.zip", "/registers/acts/run/remind", "/reports", "/reports/paid-unsigned",
            "/reports/signed-unpaid", "/reports/ladder?by=manager",
        ):  # fmt: skip
            answer = person.get(path)
            assert answer.status_code in (200, 404), path
            assert not [number for number in others.values() if number in answer.text], path
        rows = list(
            csv.reader(
                io.StringIO(person.get("/registers/acts/export.csv").content.decode("utf-8-sig")),
                delimiter=";",
            )
        )
        told = " ".join(" ".join(row) for row in rows)
        assert all(number in told for number in own.values() if number)
        book = openpyxl.load_workbook(io.BytesIO(person.get("/registers/acts/export.xlsx").content))
        cells = {str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row}
        assert not cells & set(others.values())
        assert cells & set(own.values())
        zipped = person.get("/registers/acts/papers.zip?anyway=1")
        names = " ".join(ZipFile(io.BytesIO(zipped.content)).namelist())
        assert names
        assert not [one for one in others.values() if one.replace("/", "-") in names or one in names]


def test_counts_and_cards_are_of_the_persons_own_rows(office: Office) -> None:
    with visitor(office.service) as whole, visitor(office.service, OFFICE, OWNER) as person:
        for path in ("/registers/acts/chips", "/registers/acts/cards"):
            assert whole.get(path).text != person.get(path).text
            # Again: what is kept of one viewer's counts must not be told to another.
            assert whole.get(path).text != person.get(path).text
        counts = dict(
            re.findall(r"preset=(\w+)[^>]*>[^<]*<b>(\d+)", person.get("/registers/acts/chips").text)
        )
        assert counts["unsigned"] == str(len(acts(person, "&preset=unsigned")))


def test_items_of_others_are_left_out_whoever_names_them(office: Office) -> None:
    with visitor(office.service) as whole, visitor(office.service, OFFICE, OWNER) as person:
        everything, own = acts(whole), acts(person)
        id_, number = next((one, name) for one, name in everything.items() if one not in own and name)
        for path in ("export.csv", "remind", "papers.zip", "run/remind", "print.pdf"):
            answer = person.get(f"/registers/acts/{path}?item={id_}&anyway=1")
            assert answer.status_code < 500, path
            assert number not in answer.text, path
        person.get("/registers/acts/remind")
        before = len(office.ask("mails"))
        assert person.post("/registers/acts/remind", {"item": id_}).status_code == 200
        office.settle()
        assert len(office.ask("mails")) == before


def test_an_item_that_is_none_never_means_everything(office: Office) -> None:
    with visitor(office.service) as person:
        for item in ("abc", "", "²", "-1", "1 OR 1=1"):
            rows = person.get("/registers/acts/export.csv", params={"item": item}).text.strip().splitlines()
            assert not [one for one in rows if "А-2026/0" in one], item


def test_whoever_has_no_role_sees_no_row_and_is_told_why(office: Office) -> None:
    for user in ("", COLLEAGUE, "x", "7 "):
        with visitor(office.service, OFFICE, user) as person:
            if user.strip() == OWNER:
                continue
            assert acts(person) == {}, user
            assert "нет роли" in person.get("/registers/acts").text


def test_a_script_in_a_name_is_text_on_every_page(app: Flask, office: Office) -> None:
    with visitor(office.service, name=SCRIPT) as person:
        seen = 0
        paths = [one for one in routes(app, "GET") if not is_open(one)]
        paths += [f"/runs/{n}" for n in range(1, 8)] + [
            f"/registers/acts?q={SCRIPT}", f"/registers/acts?where={SCRIPT}", f"/registers/acts?preset={SCRIPT}",
            f"/registers/acts?sort={SCRIPT}", f"/registers/acts?column={SCRIPT}", f"/journal?q={SCRIPT}",
            f"/journal?rule={SCRIPT}", f"/journal?show={SCRIPT}&day={SCRIPT}&before={SCRIPT}", f"/sandbox?run={SCRIPT}",
            f"/sign-in?next={SCRIPT}", f"/no/{SCRIPT}", f"/registers/acts?field={SCRIPT}&sign={SCRIPT}",
        ]  # fmt: skip
        for path in paths:
            answer = person.get(path)
            assert answer.status_code < 500, path
            if "html" in answer.headers.get("Content-Type", ""):
                assert "<script>alert" not in answer.text, path
                assert "<img src=x" not in answer.text, path
                seen += "&lt;script&gt;alert(1)" in answer.text
        assert seen > 20


def test_pages_of_regulations_reach_regulations_alone(office: Office) -> None:
    names = (
        "..%2f..%2f..%2f..%2fetc%2fpasswd", "../../../../etc/passwd", "%2fetc%2fpasswd", "/etc/passwd",
        "regulations/../config.example.yaml", "regulations%2f..%2f..%2f..%2fetc%2fpasswd", "config.yaml",
        "regulations/acts.yaml%00", "regulations\\..\\config.yaml", ".git/config", "engine.db",
    )  # fmt: skip
    with visitor(office.service) as person:
        person.get("/journal")
        for name in names:
            for kind in ("file", "edit"):
                answer = person.get(f"/regulations/{kind}/{name}")
                assert answer.status_code == 404, (kind, name)
                assert "root:" not in answer.text
            answer = person.post(f"/regulations/edit/{name}", {"text": "x", "base": "y", "save": "1"})
            assert answer.status_code == 404, name


def test_no_name_breaks_out_of_a_header(office: Office) -> None:
    with visitor(office.service) as person:
        for path in (
            "/registers/acts%0d%0aX-Evil:%201/export.csv", "/registers/acts/export.csv%0d%0aX-Evil:%201",
            '/reports/ladder";x="/.xlsx', "/language/ru%0d%0aX-Evil:1", "/registers/acts/export.php",
        ):  # fmt: skip
            answer = person.http.get(path, follow_redirects=False)
            assert "x-evil" not in answer.headers, path
            assert answer.status_code in (302, 404), path


def test_after_a_choice_of_language_only_our_own_pages(office: Office) -> None:
    with visitor(office.service) as person:
        for referer in (
            f"{office.console_url}//evil.example/", f"{office.console_url}/\\evil.example", "https://evil.example/x",
            f"{office.console_url}\\@evil.example/", "javascript:alert(1)",
        ):  # fmt: skip
            answer = person.http.get("/language/en", headers={"Referer": referer}, follow_redirects=False)
            to = answer.headers["Location"]
            assert to.startswith("/"), referer
            assert not to.startswith(("//", "/\\")), referer


@pytest.mark.parametrize(
    "query",
    [
        "where=" + "x" * 60_000, "where=" + "(" * 1999, "where=" + "not " * 499 + "signed", "q=" + "а" * 5000,
        "page=99999999", "page=-1", "page=²", "page=0", "page=1e3", "size=1000000", "size=-5", "size=x", "size=",
        "sort=" + "x." * 5000, "sort=-", "sort=--amount", "column=" + "&column=".join(f"c{n}" for n in range(3000)),
        "column=", "preset=" + "x" * 5000, "field=amount&sign=is&value=" + "9" * 5000, "field=id&sign=is&value=%00",
    ],
    ids=lambda one: str(one)[:24],
)  # fmt: skip
def test_odd_and_huge_questions_are_answered_in_words(office: Office, query: str) -> None:
    with visitor(office.service) as person:
        answer = person.get(f"/registers/acts?{query}")
        assert answer.status_code in (200, 400, 414, 431), answer.text[:500]
        assert answer.elapsed.total_seconds() < 5


@pytest.mark.parametrize(
    "query", ["before=²", "before=-1", "before=" + "9" * 40, "day=x", "day=0001-01-01", "day=9999-12-31"]
)
def test_odd_questions_to_the_journal(office: Office, query: str) -> None:
    with visitor(office.service) as person:
        assert person.get(f"/journal?{query}").status_code == 200
        for path in (
            f"/sandbox?{query}&run=²",
            "/strip?last=²",
            "/sandbox?run=99999999999999999999",
            "/sandbox?item=²",
        ):
            assert person.get(path).status_code in (200, 404), path


def test_ten_thousand_items_and_a_large_file_are_taken_or_refused_in_words(office: Office) -> None:
    with visitor(office.service) as person:
        person.get("/journal")
        form = {"item": [str(n) for n in range(9_000_000, 9_010_000)]}
        answer = person.post("/registers/acts/remind", form)
        assert answer.status_code in (200, 400, 413)
        files = {"file": ("выписка.txt", b"\xff" * (3 << 20), "text/plain")}
        answer = person.post("/bank", {"do": "look"}, files=files)
        assert answer.status_code in (400, 413)
        assert "Проверка" not in answer.text
        answer = person.post("/regulations/edit/regulations/acts.yaml", {"text": "я" * (1 << 20), "base": ""})
        assert answer.status_code in (200, 413)
        for path in ("/runs/99999999999999999999", "/runs/99999999999999999999/event.json"):
            assert person.get(path).status_code == 404, path
        assert person.post("/queue/question/99999999999999999999", {"choice": "x"}).status_code in (404, 409)
        assert person.post("/queue/bank/99999999999999999999", {"do": "dismiss"}).status_code in (404, 409)


def test_nobody_closes_or_lowers_themselves(office: Office) -> None:
    with visitor(office.service, name="Сама Себе") as person:
        person.get("/people")
        person.post("/people/close", {"name": "  сама   СЕБЕ "})
        assert person.get("/people").status_code == 200
        person.post("/people", {"name": " сама  себе", "role": READER})
        assert person.get("/people").status_code == 200


def test_no_page_may_be_framed_by_a_stranger(app: Flask, office: Office) -> None:
    with visitor(office.service) as person:
        for path in routes(app, "GET"):
            headers = person.http.get(path, follow_redirects=False).headers
            policy = headers["Content-Security-Policy"]
            if path == "/strip":
                # The demo portal alone shows it, by its own origin.
                assert f"frame-ancestors {office.portal_url};" in policy + ";", path
                continue
            assert headers["X-Frame-Options"] in ("DENY", "SAMEORIGIN"), path
            assert "frame-ancestors 'none'" in policy or "frame-ancestors 'self'" in policy, path
            assert "unsafe" not in policy, path
            assert headers["X-Content-Type-Options"] == "nosniff"
