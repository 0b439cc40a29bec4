"""`engine.portal.address`, `doctor`, `compare`: each kind of trouble is a finding in words, none a traceback."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.emulator import open_portal
from engine.emulator.company import demo_company, empty_company
from engine.emulator.serve import PortalServer
from engine.portal.address import look_at
from engine.portal.client import PortalClient
from engine.portal.compare import compare
from engine.portal.doctor import Access, check_clock, check_needs, find_access
from engine.portal.errors import PortalError
from engine.portal.findings import explain
from tests.portal.portal_case import WORLD, Reply, running_stub
from tests.portal.twin_case import (
    change_stage,
    remove_field,
    remove_stage,
    running_twin,
    set_options,
    webhook,
)

REFUSED = Reply(401, {"error": "NO_AUTH_FOUND", "error_description": "Wrong authorization data"})


def said(findings) -> str:
    return "\n".join(
        f"{one.severity} {one.area}: {one.what.en} → {one.mend.en if one.mend else ''}" for one in findings
    )


def errors(findings) -> list[str]:
    return [one.area for one in findings if one.severity == "error"]


@pytest.fixture
def twin():
    with running_twin(demo_company()) as found:
        yield found


# ── The address ─────────────────────────────────────────────────────────────────────────────────────


def test_a_twin_is_a_portal_over_plain_http(twin):
    look = look_at(twin.url)
    assert look.is_portal
    assert [(one.severity, one.area) for one in look.findings] == [("advice", "address")]


@pytest.mark.parametrize(
    "address", ["", "portal.example", "ftp://portal.example", "https://", "https://a:99999"]
)
def test_what_is_no_address(address):
    look = look_at(address)
    assert not look.is_portal
    assert errors(look.findings) == ["address"]


def test_a_name_that_nobody_has():
    look = look_at("https://no-such-portal.invalid")
    assert errors(look.findings) == ["address"]
    assert "not in DNS" in said(look.findings)


def test_a_port_where_nobody_listens():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        look = look_at(f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert errors(look.findings) == ["address"]
    assert not look.is_portal


def test_plain_http_to_the_world_is_an_error():
    look = look_at("http://no-such-portal.invalid")
    assert "key travels open" in said(look.findings)


def test_a_page_instead_of_a_portal():
    with running_stub(Reply(200, b"<html>Welcome</html>")) as stub:
        look = look_at(stub.url)
    assert not look.is_portal
    assert "a page or half a text" in said(look.findings)


def test_half_an_answer_and_a_lost_line():
    for reply in (Reply(200, b'{"result": {"ID": "1'), Reply(cut=True)):
        with running_stub(reply) as stub:
            look = look_at(stub.url, patience=3)
        assert not look.is_portal
        assert errors(look.findings) == ["address"]


def test_a_slow_portal_is_said_and_not_waited_for_for_ever():
    with socket.socket() as slow:
        slow.bind(("127.0.0.1", 0))
        slow.listen()
        look = look_at(f"http://127.0.0.1:{slow.getsockname()[1]}", patience=0.5)
    assert "did not answer in time" in said(look.findings)


def test_a_moved_portal_is_followed_and_named(twin):
    with running_stub(Reply(302, {}, {"Location": f"{twin.url}/rest/1/demo/profile"})) as old:
        look = look_at(old.url)
        assert look.is_portal
        assert f"it is {twin.url} now" in said(look.findings)
        with PortalClient(f"{old.url}/rest/1/demo/", sleep=lambda _: None) as client:
            access, found = find_access(client)
    assert access is not None
    assert errors(found) == []


def test_a_stranger_whom_the_portal_names_is_not_followed():
    with running_stub(
        Reply(302, {}, {"Location": "https://portal.stranger.example/rest/profile.json"})
    ) as old:
        look = look_at(old.url)
    assert not look.is_portal
    assert "must not go" in said(look.findings)


def test_a_redirect_to_elsewhere_is_no_portal():
    with running_stub(Reply(302, {}, {"Location": "https://login.example/"})) as stub:
        look = look_at(stub.url)
    assert not look.is_portal
    assert "no REST address" in said(look.findings)


def test_the_certificate_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("trustme")
    ca = tmp_path / "ca.pem"
    with open_portal(None, empty_company()) as portal, PortalServer(portal, ca_file=ca) as server:
        strange = look_at(server.url)
        assert errors(strange.findings) == ["certificate"]
        assert "is not accepted" in said(strange.findings)
        monkeypatch.setenv("SSL_CERT_FILE", str(ca))
        known = look_at(server.url)
    assert known.is_portal, said(known.findings)
    assert [one.area for one in known.findings if one.severity == "ok"] == ["certificate"]


def test_a_certificate_that_ends_soon():
    from engine.portal.address import _expiry

    def ending(days: int) -> dict[str, str]:
        moment = datetime.now(UTC) + timedelta(days=days, hours=1)
        return {"notAfter": moment.strftime("%b %d %H:%M:%S %Y GMT")}

    assert ssl.cert_time_to_seconds(ending(3)["notAfter"])
    assert (_expiry(ending(3)).severity, _expiry(ending(60)).severity) == ("warning", "ok")
    assert "(3 days)" in said([_expiry(ending(3))])


# ── Who we are, and what we may ─────────────────────────────────────────────────────────────────────


def test_a_good_webhook(twin):
    access, found = find_access(twin.client)
    assert access is not None
    assert access.is_administrator
    assert {"crm", "disk"} <= access.scopes
    assert errors(found) == []


def test_a_wrong_or_foreign_webhook_is_said_without_its_secret(twin):
    with PortalClient(twin.webhook_url.replace("demo", "verysecret"), sleep=lambda _: None) as client:
        access, found = find_access(client)
    assert access is None
    assert "does not know this webhook" in said(found)
    assert "verysecret" not in said(found) + repr(found)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (REFUSED, "make a new inbound webhook"),
        (Reply(401, {"error": "expired_token", "error_description": "x"}), "has expired"),
        (Reply(403, {"error": "ACCESS_DENIED", "error_description": "REST API is available only on commercial plans"}), "commercial plan"),
        (Reply(403, {"error": "INVALID_CREDENTIALS", "error_description": "x"}), "lacks the rights"),
        (Reply(403, {"error": "user_access_error", "error_description": "x"}), "dismissed"),
        (Reply(500, {"error": "PORTAL_DELETED", "error_description": "x"}), "does not exist any more"),
        (Reply(400, {"error": "INVALID_REQUEST", "error_description": "Https required"}), "https"),
        (Reply(503, {"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"}), "too many requests"),
        (Reply(503, {"error": "OVERLOAD_LIMIT", "error_description": "x"}), "blocked"),
        (Reply(200, b"<html>"), "a page or half a text"),
        (Reply(200, {"result": "nonsense"}), "names no user"),
        (Reply(200, {"result": []}), "names no user"),
        (Reply(400, {"error": "SOMETHING_NEW", "error_description": "own words"}), "own words"),
    ],
)  # fmt: skip
def test_each_refusal_has_its_words(reply, words):
    with running_stub(reply) as stub, PortalClient(stub.webhook_url, sleep=lambda _: None) as client:
        access, found = find_access(client)
    assert access is None
    assert words in said(found)
    assert found[0].mend is not None


def test_every_known_code_has_words_in_both_languages():
    for code in (
        "OPERATION_TIME_LIMIT",
        "insufficient_scope",
        "CREATE_DYNAMIC_TYPE_RESTRICTED",
        "WRONG_AUTH_TYPE",
        "",
    ):
        what, mend = explain(PortalError("crm.type.add", code, "own words"))
        assert all("own words" in text for text in (what.ru, what.en))
        assert mend.ru
        assert mend.en


def test_missing_scopes_name_who_needs_them():
    with running_twin(webhook(demo_company(), scopes=("crm", "user_brief"))) as twin:
        access, _ = find_access(twin.client)
        found = check_needs(
            access,
            {"disk.folder.get": ("disk.ensure_folder",), "user.get": ("facts",), "crm.item.get": ("facts",)},
        )
        assert errors(found) == ["scopes", "scopes"]
        assert "disk.ensure_folder need it (disk.folder.get)" in said(found)
        assert "“user_basic” is missing" in said(found)
        differs = compare(WORLD, twin.picture(), "common")
    assert [one.severity for one in differs] == ["warning"]
    assert "disk.storage.getlist" in said(differs)


def test_rights_and_applications():
    clerk = Access(
        "5", "Пётр", is_administrator=False, scopes=frozenset({"crm", "userfieldconfig", "placement"})
    )
    assert [one.severity for one in check_needs(clerk, {"crm.item.get": ("facts",)})] == ["ok", "warning"]
    found = check_needs(clerk, {"userfieldconfig.add": ("setup",), "placement.bind": ("tab",)})
    assert errors(found) == ["rights", "access"]
    assert (
        errors(
            check_needs(
                replace(clerk, is_administrator=True), {"placement.bind": ("tab",)}, is_application=True
            )
        )
        == []
    )


def test_a_dismissed_owner():
    company = demo_company()
    users = tuple({**row, "ACTIVE": False} if str(row["ID"]) == "5" else row for row in company.users)
    with running_twin(webhook(replace(company, users=users), user="5")) as twin:
        access, found = find_access(twin.client)
    assert access is None
    assert "dismissed" in said(found)


# ── The clock ───────────────────────────────────────────────────────────────────────────────────────


def test_clocks_that_agree_and_clocks_that_do_not():
    now = datetime.now(UTC)
    with (
        running_stub(Reply(200, {"result": now.isoformat()})) as stub,
        PortalClient(stub.webhook_url) as client,
    ):
        assert [one.severity for one in check_clock((now, now), client)] == ["ok"]
        late = check_clock((now - timedelta(seconds=200), now), client)
    assert [one.severity for one in late] == ["warning"]
    assert "200 s apart" in said(late)


# ── The map ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_map_that_agrees(twin):
    assert [one.severity for one in compare(WORLD, twin.picture(), "common")] == ["ok"]


def test_deleted_fields_renamed_and_missing_stages_and_values(twin):
    remove_field(twin.portal, "UF_CRM_12_SIGNED")
    set_options(twin.portal, "UF_CRM_12_FORM", (101, "Скан"), (102, "Бумажный оригинал"), (140, "Факс"))
    change_stage(twin.portal, "C4:UC_WORK", NAME="Делаем")
    change_stage(twin.portal, "C4:LOSE", SEMANTICS=None)
    remove_stage(twin.portal, "C4:UC_DOCS")
    found = compare(WORLD, twin.picture(), "common")
    text = said(found)
    assert "error map: act.signed: the portal has no field ufCrm12Signed" in text
    assert "error map: act.form: the portal's list has no value 103 (edo)" in text
    assert "warning map: act.form: the value “Факс” (140) has no name in the map" in text
    assert "warning map: customisation.in_work: the stage is now called “Делаем”" in text
    assert "error map: customisation.lost" in text
    assert "error map: customisation.documents_sent: the portal has no stage" in text
    assert len(found) == 6


def test_another_type_another_drive_no_such_entity(twin):
    act = WORLD.entities["act"]
    signed = replace(act.fields["signed"], binding={"field": "ufCrm12Scan"})
    broken = replace(
        WORLD,
        entities={
            **WORLD.entities,
            "act": replace(act, fields={**act.fields, "signed": signed}),
            "contract": replace(WORLD.entities["contract"], type_id=1999),
        },
    )
    text = said(compare(broken, twin.picture(), "group"))
    assert "act.signed: yes/no in the map, but the portal's field ufCrm12Scan is a file" in text
    assert "the portal has no “Договор” (contract, type_id 1999)" in text
    assert "no shared drive of type group" in text
