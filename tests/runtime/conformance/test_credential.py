"""An application's tokens in both stores: one portal for ever, and of two renewals one is kept."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from engine.portal.application import Tokens
from engine.runtime.cluster import ClusterStore
from engine.runtime.credential import CredentialShelf, Trust
from engine.runtime.store import Store
from tests.portal.portal_case import ZONE

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=ZONE)
TOKENS = Tokens("member", "https://p.example/rest/", "a1", "r1", "own", "crm", "L", "1")


@pytest.fixture
def shelf(store: Store) -> CredentialShelf:
    found = CredentialShelf(store, lambda: NOW)
    assert found.read() is None
    assert found.install(TOKENS)
    return found


def test_what_was_installed_is_read_back(shelf: CredentialShelf) -> None:
    assert shelf.read() == TOKENS
    assert "a1" not in repr(TOKENS)
    assert "r1" not in repr(TOKENS)
    assert "own" not in repr(TOKENS)


def test_of_two_renewals_one_is_kept(shelf: CredentialShelf) -> None:
    kept: list[bool] = []
    turns = [replace(TOKENS, access_token=f"a{n}", refresh_token=f"r{n}") for n in range(2, 10)]
    threads = [
        threading.Thread(target=lambda one=one: kept.append(shelf.renewed("r1", one))) for one in turns
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(kept) == [False] * 7 + [True]
    found = shelf.read()
    assert found in turns


def test_an_install_meanwhile_wins_over_a_renewal(shelf: CredentialShelf) -> None:
    new = replace(TOKENS, access_token="a9", refresh_token="r9", application_token="own9")
    assert shelf.install(new)
    assert not shelf.renewed("r1", replace(TOKENS, access_token="a2", refresh_token="r2"))
    assert shelf.read() == new


def test_another_portal_never_comes_in(shelf: CredentialShelf) -> None:
    shelf.remove()
    assert not shelf.install(replace(TOKENS, member_id="another"))
    found = shelf.read()
    assert found
    assert (found.member_id, found.state, found.refresh_token) == ("member", "gone", "")
    assert shelf.install(TOKENS)
    assert shelf.read() == TOKENS


def test_trust_follows_install_and_removal(shelf: CredentialShelf) -> None:
    trust = Trust("", shelf)
    assert trust.is_ours("own", "member")
    assert not trust.is_ours("own", "another")
    assert not trust.is_ours("", "")
    shelf.remove()
    trust.forget()
    assert not trust.is_ours("own", "member")


def test_one_engine_renews_at_a_time(adapter: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if adapter != "cluster":
        pytest.skip("an embedded state has one engine")
    address = request.getfixturevalue("database")
    one, other = ClusterStore(address, tmp_path), ClusterStore(address, tmp_path)
    try:
        with (
            CredentialShelf(one, lambda: NOW).alone() as first,
            CredentialShelf(other, lambda: NOW).alone() as second,
        ):
            assert (first, second) == (True, False)
        with CredentialShelf(other, lambda: NOW).alone() as later:
            assert later
    finally:
        one.close()
        other.close()
