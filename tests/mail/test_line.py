"""The line to the mail server: whose certificate is trusted, what never goes in the clear, what a refusal says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from engine import Effect, File, PluginError, Undecided
from engine.setup import MailSetup
from engine.smtp import greet
from tests.mail.smtp_server import Post, certificate, serving
from tests.plugins.document_case import Store, Table, load_plugin

mail = load_plugin("mail")
SENDER = "Кастом Сервис <docs@custom-service.example>"
OVER_TLS = pytest.mark.parametrize("security", ["starttls", "tls"])


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca(authority: trustme.CA, tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return file


def send(setup: MailSetup, store: Store | None = None, **params: Any) -> Any:
    given = {"to": "a@example.com", "subject": "Акт", "text": "Здравствуйте!", **params}
    effect = mail.Send(setup).effect(given, Table({}))
    assert isinstance(effect, Effect), effect
    return mail.Send(setup).perform(effect, store or Store())


def refused(setup: MailSetup, **params: Any) -> Any:
    with pytest.raises(mail.DeliveryError) as caught:
        send(setup, **params)
    return caught.value


def setup_at(port: int, **more: Any) -> MailSetup:
    return MailSetup(**{"host": "localhost", "port": port, "sender": SENDER, **more})


@OVER_TLS
def test_a_server_of_our_own_authority_is_trusted(security: str, authority: trustme.CA, ca: Path) -> None:
    post = Post()
    with serving(post, security, certificate(authority)) as port:
        setup = setup_at(port, security=security, ca=ca, user="docs", password="right")
        [row] = send(setup)
        greeting = greet(setup)
    assert row.get("status") == "accepted"
    assert post.was_encrypted == [True]
    assert (greeting.why, greeting.tls[:4], greeting.limit) == (None, "TLSv", 33_554_432)
    assert greeting.until is not None
    assert greeting.until > datetime.now(UTC)


UNTRUSTED: dict[str, tuple[Callable[[trustme.CA], Any], bool, str]] = {
    "unknown authority": (certificate, False, "неизвестным центром: укажите файл своего центра"),
    "another name": (lambda ca: certificate(ca, "mail.other.example"), True, "выдан не на имя «localhost»"),
    "expired": (
        lambda ca: certificate(ca, until=datetime.now(UTC) - timedelta(days=1)), True, "срок сертификата сервера истёк",
    ),
}  # fmt: skip


@OVER_TLS
@pytest.mark.parametrize(("made", "is_known", "words"), UNTRUSTED.values(), ids=UNTRUSTED)
def test_a_certificate_that_cannot_be_trusted_is_refused_in_plain_words(
    made: Callable[[trustme.CA], Any],
    is_known: bool,  # noqa: FBT001 — a column of the table
    words: str,
    security: str,
    authority: trustme.CA,
    ca: Path,
) -> None:
    post = Post()
    with serving(post, security, made(authority)) as port:
        setup = setup_at(port, security=security, ca=ca if is_known else None, user="docs", password="right")
        error = refused(setup)
        greeting = greet(setup)
    assert words in str(error)
    assert (error.retry, post.got) == (False, [])
    assert greeting.why is not None
    assert words in greeting.why.ru
    assert "certificate" in greeting.why.en


def test_starttls_never_falls_back_to_the_clear() -> None:
    post = Post()
    with serving(post) as port:
        error = refused(setup_at(port, security="starttls", user="docs", password="right"))
    assert "сервер не умеет STARTTLS, а открыто письма не пойдут" in str(error)
    assert post.got == []


def test_the_wrong_kind_of_encryption_says_what_to_check() -> None:
    with serving(Post()) as port:
        error = refused(setup_at(port, security="tls"))
    assert "проверьте mail.port и mail.security" in str(error)


@OVER_TLS
def test_a_login_refused_says_so_without_the_password(security: str, authority: trustme.CA, ca: Path) -> None:
    with serving(Post(), security, certificate(authority)) as port:
        setup = setup_at(port, security=security, ca=ca, user="docs", password="s3cret-pass")
        error = refused(setup)
    assert "535" in str(error)
    assert "сервер не принял логин или пароль" in str(error)
    assert "s3cret-pass" not in str(error)
    assert error.retry is False


def test_a_letter_that_is_too_large_is_not_even_offered() -> None:
    post, store = Post(), Store(kept={"Акты.zip": b"x" * 300_000})
    with serving(post, limit=200_000) as port:
        error = refused_with(setup_at(port), store, File("Акты.zip"))
        [row] = send(setup_at(port), Store(key="small"))
    assert "письмо с вложениями — 0,4 МБ, сервер принимает до 0,2 МБ: не отправлено" in str(error)
    assert error.retry is False
    assert row.get("status") == "accepted"
    [options] = post.options
    assert [one for one in options if one.startswith("SIZE=")]


def refused_with(setup: MailSetup, store: Store, file: File) -> Any:
    with pytest.raises(mail.DeliveryError) as caught:
        send(setup, store, attachments=(file,))
    return caught.value


def test_one_refusal_names_its_address_and_greylisting_is_tried_again() -> None:
    post = Post(answers={"gone@example.com": "550 5.1.1 no such user", "grey@example.com": "451 4.7.1 later"})
    with serving(post) as port:
        gone = refused(setup_at(port), to=("gone@example.com", "b@example.com"))
        grey = refused(setup_at(port), to="grey@example.com")
    assert "gone@example.com: refused (550 5.1.1 no such user)" in str(gone)
    assert [row.get("status") for row in gone.rows] == ["refused", "accepted"]
    assert (gone.retry, grey.retry) == (False, True)


def test_refusals_come_back_to_the_address_of_the_settings() -> None:
    post = Post()
    with serving(post) as port:
        send(setup_at(port, bounces="bounces@custom-service.example"))
        send(setup_at(port), Store(key="another"))
    assert [sender for sender, _, _ in post.got] == [
        "bounces@custom-service.example",
        "docs@custom-service.example",
    ]


def test_an_address_beyond_ascii_is_refused_with_the_reason() -> None:
    effect = mail.Send(MailSetup()).effect({"to": "иван@почта.рф", "subject": "а", "text": "б"}, Table({}))
    assert isinstance(effect, Undecided)
    assert "до знака @" in effect.reason


def test_a_missing_file_of_certificates_is_the_plugins_error(tmp_path: Path) -> None:
    with serving(Post()) as port, pytest.raises(PluginError):
        send(setup_at(port, security="starttls", ca=tmp_path / "none.pem"))
