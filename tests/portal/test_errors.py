from __future__ import annotations

import pickle

import pytest

from engine.action import Answer
from engine.portal.errors import BatchFailure, PortalError, classify, only_reads, redact

TEXTS = [
    ("https://p.example/rest/1/s3cr3t/crm.item.get.json", "https://p.example/rest/1/***/crm.item.get.json"),
    ("https://p.example/rest/17/s3cr3t", "https://p.example/rest/17/***"),
    ("/rest/api/1/s3cr3t/mail.message.send", "/rest/api/1/***/mail.message.send"),
    (
        "https://p/rest/download.json?auth=s3cr3t&token=disk%7Cs3cr3t",
        "https://p/rest/download.json?auth=***&token=***",
    ),
    ("auth[application_token]=s3cr3t&ts=1", "auth[application_token]=***&ts=1"),
    ("auth%5Bapplication_token%5D=s3cr3t&ts=1", "auth%5Bapplication_token%5D=***&ts=1"),
    ("access_token=s3cr3t&refresh_token=s3cr3t", "access_token=***&refresh_token=***"),
    ("client_secret=s3cr3t", "client_secret=***"),
    ('{"application_token": "s3cr3t", "id": 1}', '{"application_token": "***", "id": 1}'),
    ("crm.item.get: NOT_FOUND: Element not found", "crm.item.get: NOT_FOUND: Element not found"),
]


@pytest.mark.parametrize(("text", "shown"), TEXTS)
def test_secrets_are_hidden(text, shown):
    assert redact(text) == shown
    assert "s3cr3t" not in str(PortalError("m", "c", text))


ANSWERS = [
    (503, "QUERY_LIMIT_EXCEEDED", True, "later"),
    (503, "OVERLOAD_LIMIT", True, "later"),
    (429, "OPERATION_TIME_LIMIT", True, "later"),
    (401, "expired_token", True, "later"),
    (401, "NO_AUTH_FOUND", True, "never"),
    (400, "", True, "never"),
    (400, "NOT_FOUND", False, "never"),
    (200, "ERROR_ARGUMENT", True, "never"),
    (500, "PORTAL_DELETED", True, "never"),
    (500, "INTERNAL_SERVER_ERROR", True, "unknown"),
    (500, "INTERNAL_SERVER_ERROR", False, "later"),
    (502, "x", True, "unknown"),
]


@pytest.mark.parametrize(("status", "code", "writes", "retry"), ANSWERS)
def test_who_may_try_again(status, code, writes, retry):
    error = classify("crm.item.add", status, {"error": code, "error_description": "why"}, writes=writes)
    assert (error.retry, error.code, error.description, error.method) == (retry, code, "why", "crm.item.add")


def test_numeric_and_missing_codes_are_text():
    assert (
        classify("m", 400, {"error": 0, "error_description": "Insufficient permissions"}, writes=True).code
        == "0"
    )
    assert (
        str(classify("m", 400, {"error": "", "error_description": "Not found"}, writes=True))
        == "m: Not found"
    )


def test_a_batch_failure_carries_every_outcome_and_the_gravest_retry():
    never, unknown = PortalError("a", "1", "x"), PortalError("b", "2", "y", "unknown")
    failure = BatchFailure([Answer("ok", 1), never, unknown])
    assert failure.outcomes == (Answer("ok", 1), never, unknown)
    assert (failure.retry, failure.code, failure.method) == ("unknown", "1", "a")


def test_an_error_survives_pickling():
    error = pickle.loads(pickle.dumps(PortalError("m", "c", "why", "later")))
    assert (error.method, error.code, error.description, error.retry) == ("m", "c", "why", "later")


@pytest.mark.parametrize(
    ("method", "reads"),
    [
        ("crm.item.get", True),
        ("crm.item.productrow.list", True),
        ("disk.folder.getChildren", True),
        ("server.time", True),
        ("crm.item.add", False),
        ("batch", False),
        ("disk.folder.getExternalLink", False),  # makes the link
        ("some.new.method", False),
    ],
)
def test_a_method_is_a_read_only_where_its_name_says_so(method, reads):
    assert only_reads(method) is reads
