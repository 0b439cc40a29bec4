"""`engine mail check`: what the servers show, in words; a letter goes out only where somebody asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner

from engine.cli import main
from tests.mail.returned_case import maildir
from tests.mail.smtp_server import Post, certificate, serving

MAIL = """
mail:
  host: {host}
  port: {port}
  security: {security}
  user: docs
  password: ${{SMTP_PASSWORD:-}}
  from: {sender}
  ca: ca.pem
  inbox: {{maildir: box, every: 1 minutes}}
map: {{pipelines: {{}}, entities: {{}}}}
"""


def folder_for(folder: Path, port: int, **more: str) -> Path:
    known = {
        "host": "localhost",
        "security": "tls",
        "sender": "Кастом Сервис, отдел актов <docs@custom.example>",
    }
    (folder / "config.yaml").write_text(
        "company: {name: Кастом Сервис}" + MAIL.format(port=port, **known | more), "utf-8"
    )
    return folder


def check(folder: Path, *more: str, password: str = "right", language: str = "ru") -> tuple[int, str]:
    given = ["--config", str(folder / "config.yaml"), "--lang", language, "mail", "check", *more]
    found = CliRunner().invoke(main, given, env={"SMTP_PASSWORD": password}, catch_exceptions=False)
    return found.exit_code, found.output


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    maildir(tmp_path / "box")
    return authority


def test_what_works_is_said_and_nothing_is_sent(tmp_path: Path, authority: trustme.CA) -> None:
    post = Post()
    with serving(post, "tls", certificate(authority)) as port:
        code, said = check(folder_for(tmp_path, port))
        english = check(tmp_path, language="en")[1]
    assert code == 0, said
    for words in (
        "✓ отправитель: Кастом Сервис, отдел актов <docs@custom.example>",
        "логин docs принят, TLSv1",
        "письма до 32 МБ",
        "✓ сертификат действует до",
        "писем за 30 дней: 0",
    ):
        assert words in said
    assert "the login docs is accepted, TLSv1" in english
    assert post.got == []


def test_a_letter_goes_to_the_address_named(tmp_path: Path, authority: trustme.CA) -> None:
    post = Post(answers={"gone@example.com": "550 5.1.1 no such user"})
    with serving(post, "tls", certificate(authority)) as port:
        folder_for(tmp_path, port)
        assert check(tmp_path, "--to", "me@example.com")[0] == 0
        code, said = check(tmp_path, "--to", "gone@example.com")
        assert check(tmp_path, "--to", "никому")[0] == 2
    assert [to for _, to, _ in post.got] == [["me@example.com"]]
    assert code == 1
    assert "✗ письмо на gone@example.com не принято: 550 5.1.1 no such user" in said


def test_what_does_not_work_is_said_with_a_mend(tmp_path: Path, authority: trustme.CA) -> None:
    with serving(Post(), "tls", certificate(authority)) as port:
        folder_for(tmp_path, port, sender="Кастом Сервис")
        code, said = check(tmp_path, password="wr0ng-pass")
    assert code == 1
    assert "✗ отправитель не годится: «Кастом Сервис»" in said
    assert "→ впишите в mail.from: Имя <адрес>" in said
    assert "сервер не принял логин или пароль" in said
    assert "wr0ng-pass" not in said


def test_settings_that_do_not_fit_name_their_place(tmp_path: Path, authority: trustme.CA) -> None:
    assert authority
    folder_for(tmp_path, 25)
    config = tmp_path / "config.yaml"
    text = config.read_text("utf-8")
    config.write_text(
        text.replace("ca: ca.pem", "ca: none.pem\n  bounces: никто\n  via: fax").replace("1 minutes", "soon"),
        "utf-8",
    )
    code, said = check(tmp_path)
    assert code == 1
    for place in ("config.yaml:9:", "config.yaml:10:", "config.yaml:11:", "config.yaml:12:"):
        assert place in said, said
