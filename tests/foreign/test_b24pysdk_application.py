"""b24pysdk as a connected application: the host of its authorization server is built in, so a proxy leads it here."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from b24pysdk import BitrixApp, BitrixToken, Client, errors
from b24pysdk.errors import oauth

from engine.emulator import create_app
from engine.emulator.applications import Registration
from engine.emulator.serve import PortalServer
from tests.foreign.proxy import leading_to

CLIENT, SECRET = "local.foreign.1", "s3cret"
MOVED = "moved.reglament.example"


@pytest.fixture
def names(portal, tmp_path, monkeypatch):
    """The portal by its own name, as its authorization server and under the name it may move to; what was asked."""
    ca = tmp_path / "ca.pem"
    server = PortalServer(portal, ca_file=ca, names=("oauth.bitrix24.tech", MOVED))
    with server, leading_to(server.port) as (proxy, asked):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca))
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, proxy)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        yield asked


@pytest.fixture
def app(portal):
    form = Registration(("crm", "user"), client_id=CLIENT, client_secret=SECRET, title="Чужая")
    portal.install_application(form)
    return BitrixApp(client_id=CLIENT, client_secret=SECRET)


def code_of(portal):
    """What the browser of employee 1 is given to take back to the application."""
    with httpx.Client(transport=httpx.WSGITransport(create_app(portal)), base_url=portal.base_url) as browser:
        return browser.get("/oauth/authorize/", params={"client_id": CLIENT, "user": 1}).text.strip()


@pytest.fixture
def token(portal, names, app):
    pair = app.get_oauth_token(code=code_of(portal)).oauth_token
    return BitrixToken(
        domain=portal.domain,
        auth_token=pair.access_token,
        refresh_token=pair.refresh_token,
        bitrix_app=app,
    )


def test_it_signs_in_and_works(token, portal, names):
    client = Client(token)
    made = client.crm.deal.add(fields={"TITLE": "От приложения"}).result
    assert client.crm.deal.get(bitrix_id=made).result["TITLE"] == "От приложения"
    assert client.user.current().result["ID"] == "1"
    assert set(names) == {"oauth.bitrix24.tech:443", f"{portal.domain}:443"}


def test_it_refreshes_an_expired_token_and_the_old_pair_is_dead(token, portal, app):
    before = token.oauth_token
    portal.clock.advance(timedelta(hours=2))
    assert Client(token).profile().result["ID"] == "1"
    assert token.auth_token != before.access_token
    assert token.refresh_token != before.refresh_token
    with pytest.raises(oauth.BitrixOAuthInvalidGrant):
        app.refresh_oauth_token(refresh_token=before.refresh_token)
    once = BitrixToken(domain=portal.domain, auth_token=before.access_token, bitrix_app=app)
    with pytest.raises(errors.BitrixAPIExpiredToken) as refused:
        once.call_method("profile")
    assert refused.value.response.status_code == 401


def test_a_code_serves_once_and_a_wrong_secret_never(portal, names, app):
    code = code_of(portal)
    assert app.get_oauth_token(code=code)
    with pytest.raises(oauth.BitrixOAuthInvalidGrant):
        app.get_oauth_token(code=code)
    with pytest.raises(oauth.BitrixOAuthInvalidClient):
        BitrixApp(client_id=CLIENT, client_secret="wrong").get_oauth_token(code=code_of(portal))


def test_beyond_its_scopes(token):
    with pytest.raises(errors.BitrixAPIInsufficientScope):
        token.call_method("disk.storage.getlist")


def test_what_only_an_application_may(token):
    assert token.call_method("app.info")["result"]["INSTALLED"] is True
    handler = {"event": "ONCRMDEALUPDATE", "handler": "https://app.example/events"}
    assert token.call_method("event.bind", handler)["result"] is True
    assert [one["event"] for one in token.call_method("event.get")["result"]] == ["ONCRMDEALUPDATE"]
    assert token.call_method("event.unbind", handler)["result"] == {"count": 1}


def test_the_authorization_server_knows_the_token(token, portal):
    info = token.get_app_info().result
    assert (info.client_id, info.user_id, info.scope) == (CLIENT, 1, ["crm", "user"])
    assert info.expires - portal.clock.now() < timedelta(hours=1)
    assert (info.install.installed, info.install.member_id) == (True, portal.member_id)
    portal.clock.advance(timedelta(hours=2))
    # The client refreshes here as well.
    assert token.get_app_info().result.client_id == CLIENT


def test_a_portal_that_moved_is_followed_without_losing_the_call(token, portal, names):
    old = portal.domain
    before = token.call_method("crm.deal.list")["total"]
    portal.rename(f"https://{MOVED}")
    made = token.call_method("crm.deal.add", {"fields": {"TITLE": "Вслед"}})["result"]
    assert token.call_method("crm.deal.get", {"id": made})["result"]["TITLE"] == "Вслед"
    assert token.call_method("crm.deal.list")["total"] == before + 1
    assert (token.domain, old) == (MOVED, old)
    assert f"{MOVED}:443" in names
