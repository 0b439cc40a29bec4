"""What the vendor's own client makes of the twin's refusals: each becomes the exception it has for a portal's."""

from __future__ import annotations

import ssl
import time

import pytest
from b24pysdk import BitrixWebhook, Client, errors
from b24pysdk.errors import oauth
from b24pysdk.schemas.file import URLFile

from engine.emulator.faultfile import parse_faults
from tests.foreign.conftest import fill_bucket


def webhook_of(server, token="1/demo"):
    return BitrixWebhook(domain=f"{server.host}:{server.port}", webhook_token=token)


@pytest.fixture
def webhook(secure):
    return webhook_of(secure)


@pytest.mark.parametrize(
    ("method", "params", "exception", "status", "said"),
    [
        ("crm.deal.get", {"id": 1_000_000}, errors.BitrixAPIBadRequest, 400, "Not found"),
        (
            "crm.item.get",
            {"entityTypeId": 1044, "id": 1_000_000},
            errors.BitrixAPINotFound,
            400,
            "Element not found",
        ),
        (
            "crm.item.list",
            {"entityTypeId": 1044, "filter": {"NOPE": 1}},
            errors.BitrixAPIInvalidArgValue,
            400,
            "NOPE",
        ),
        ("disk.file.get", {"ID": 1}, errors.BitrixAPIBadRequest, 400, "{id}"),
        ("no.such.method", {}, errors.BitrixAPINotFound, 404, "Method not found"),
        ("placement.get", {}, errors.BitrixAPIWrongAuthType, 403, "Application context required"),
    ],
)
def test_refusals(webhook, method, params, exception, status, said):
    with pytest.raises(exception) as refused:
        webhook.call_method(method, params)
    assert refused.value.response.status_code == status
    assert said in str(refused.value)


def test_a_wrong_webhook(secure):
    with pytest.raises(oauth.BitrixOAuthNoAuthFound) as refused:
        webhook_of(secure, "1/wrong").call_method("profile")
    assert refused.value.response.status_code == 401


def test_a_webhook_without_the_scope(secure, portal):
    with portal.store.transaction():
        row_id = portal.store.next_id("webhook")
        portal.store.put("webhook", row_id, {"user": "1", "secret": "narrow", "scopes": ["crm"]})
    narrow = webhook_of(secure, "1/narrow")
    assert narrow.call_method("crm.deal.list")["total"] > 0
    with pytest.raises(errors.BitrixAPIInsufficientScope) as refused:
        narrow.call_method("disk.storage.getlist")
    assert refused.value.response.status_code == 403


def test_a_full_bucket_is_waited_for(webhook, portal):
    fill_bucket(portal)
    begun = time.monotonic()
    assert webhook.call_method("profile")["result"]["ID"] == "1"
    # Its first pause is a second: it has met a real 503.
    assert time.monotonic() - begun > 0.9


def test_a_bucket_kept_full_ends_in_its_exception(webhook, portal):
    fill_bucket(portal)
    # Every refused request counts as well: who does not wait stays outside.
    with pytest.raises(errors.BitrixAPIQueryLimitExceeded) as refused:
        webhook.call_method("profile", max_retries=3, initial_retry_delay=0.01, retry_delay_increment=0)
    assert refused.value.response.status_code == 503


def test_a_method_over_its_run_time(webhook, portal):
    portal.limits = "real"
    portal.meter.add("1/demo", "crm.deal.list", 481)
    with pytest.raises(errors.BitrixAPIOperationTimeLimit) as refused:
        webhook.call_method("crm.deal.list")
    assert refused.value.response.status_code == 429
    assert webhook.call_method("crm.company.list")["total"] > 0


def test_planned_faults(webhook, portal):
    portal.use_faults(parse_faults(
        "calls:\n"
        "  - {fault: 500, method: profile, times: 1}\n"
        "  - {fault: timeout_after_commit, method: crm.deal.add, times: 1}\n"
    ))  # fmt: skip
    with pytest.raises(errors.BitrixAPIInternalServerError):
        webhook.call_method("profile")
    before = webhook.call_method("crm.deal.list")["total"]
    # The answer is lost on its way through TLS, the deal is not.
    with pytest.raises(errors.BitrixRequestError):
        webhook.call_method("crm.deal.add", {"fields": {"TITLE": "Без ответа"}})
    assert webhook.call_method("crm.deal.list")["total"] == before + 1


def test_a_link_with_a_wrong_token(webhook, secure):
    with pytest.raises(errors.BitrixFileDownloadError) as refused:
        URLFile.from_bitrix(f"{secure.url}/rest/download.json?auth=x&token=disk%7CMQ").download()
    assert refused.value.response.status_code == 401


def test_without_the_authority_it_does_not_connect(secure, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ssl.get_default_verify_paths().cafile or "")
    with pytest.raises(errors.BitrixRequestError, match="CERTIFICATE_VERIFY_FAILED"):
        Client(webhook_of(secure)).profile().result  # noqa: B018
