"""Every refusal that the documentation names is known, in both languages, with its nature and its mend."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.portal.catalogue import CATALOGUE, entry
from engine.portal.errors import PortalError, classify
from engine.portal.findings import explain

SHARED = Path(__file__).parents[2].parent / "shared" / "portal"
NATURE = {"never": ("never", "never"), "later": ("later", "later"), "open": ("unknown", "later")}
# Of PROTOCOL §2: what is refused before the method runs, so that even a write may be sent again.
BEFORE = {
    "QUERY_LIMIT_EXCEEDED",
    "OVERLOAD_LIMIT",
    "OPERATION_TIME_LIMIT",
    "EXPIRED_TOKEN",
    "METHOD_CONFIRM_WAITING",
}
_CODE = re.compile(r"\b(?:ERROR_\w+|\w+_(?:ERROR|DENIED|NOT_FOUND|RESTRICTED|LIMIT|EXCEEDED|OVERSIZE|EMPTY|WAITING)|"
                   r"DISK_(?:OBJ|FILE|BASE_SERVICE)_\d+|INVALID_\w+|WRONG_\w+|NO_AUTH_FOUND|PAYMENT_REQUIRED|"
                   r"PORTAL_DELETED|invalid_\w+|insufficient_scope|expired_token|user_access_error|"
                   r"allowed_only_intranet_user|NOT_FOUND)\b")  # fmt: skip


@pytest.mark.parametrize("code", CATALOGUE)
def test_a_code_is_classified_by_its_nature(code: str) -> None:
    status = 503 if CATALOGUE[code].nature != "never" else 400
    for writes, wanted in zip((True, False), NATURE[CATALOGUE[code].nature], strict=True):
        error = classify("crm.item.add", status, {"error": code, "error_description": "x"}, writes=writes)
        assert error.retry == wanted


@pytest.mark.parametrize("code", CATALOGUE)
def test_a_code_has_words_and_a_mend_in_both_languages(code: str) -> None:
    one = CATALOGUE[code]
    for said in (one.what, one.mend):
        assert re.search("[а-яё]", said.ru)
        assert re.search("[a-z]", said.en)
        assert not re.search("[а-яё]", said.en)
    what, mend = explain(PortalError("m", code, "own words"))
    assert "own words" in what.ru
    assert mend.ru


def test_codes_are_known_however_they_are_written() -> None:
    assert entry("expired_token") is entry("EXPIRED_TOKEN") is not None
    assert entry("insufficient_scope") is not None
    assert entry("SOME_NEW_CODE") is None
    assert {code for code, one in CATALOGUE.items() if one.nature == "later"} >= BEFORE


def test_a_code_that_nobody_knows_is_judged_by_its_status() -> None:
    assert classify("m.add", 500, {"error": "NEW"}, writes=True).retry == "unknown"
    assert classify("m.add", 400, {"error": "NEW"}, writes=True).retry == "never"
    assert classify("m.add", 429, {"error": ""}, writes=True).retry == "later"
    assert classify("m.add", 500, {"error": ""}, writes=True).retry == "unknown"
    v3 = {"error": {"code": "BITRIX_REST_V3_EXCEPTION_ACCESSDENIED", "message": "x"}}
    assert classify("m.add", 400, v3, writes=True).retry == "never"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared portal facts are not here")
def test_every_code_of_the_protocol_is_known() -> None:
    told = set(_CODE.findall((SHARED / "PROTOCOL.md").read_text("utf-8")))
    assert len(told) > 50
    assert sorted(code for code in told if entry(code) is None) == []


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared portal facts are not here")
def test_every_code_of_the_samples_is_known_or_judged_by_its_status() -> None:
    found = {code for path in sorted((SHARED / "samples").rglob("*.json")) for code in _errors(path)}
    assert len(found) > 15
    # Old methods print sentences in a code's place.
    assert sorted(code for code in found if entry(code) is None and " " not in code) == []


def _errors(path: Path) -> Iterator[str]:
    def walk(node: object) -> Iterator[str]:
        if isinstance(node, dict):
            said = node.get("error")
            if isinstance(said, str | int) and said != "CODE" and "error_description" in node:
                yield str(said)
            for inner in node.values():
                yield from walk(inner)
        elif isinstance(node, list):
            for inner in node:
                yield from walk(inner)

    yield from walk(json.loads(path.read_text("utf-8")))
