"""Letters over a real SMTP server: what arrives, who sees whom, what a refusal or a lost line leaves behind."""

from __future__ import annotations

import email
import shutil
import socket
import ssl
import subprocess
import sys
from asyncio import Server
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from engine import Answer, Effect, File, MailChange, Mixed, Pending, PluginError, Undecided, Value
from engine.setup import MailSetup
from tests.plugins.document_case import Store, Table, load_plugin

mail = load_plugin("mail")
SENDER = "Кастом Сервис <docs@custom-service.example>"


@dataclass
class Post:
    """The server's side: keeps every envelope; answers and faults by recipient."""

    answers: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    got: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's names
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.faults.get(address) == "before text":
            server.transport.close()
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        self.raw.append(envelope.original_content)
        message = email.message_from_bytes(envelope.original_content, policy=default)
        self.got.append((envelope.rcpt_tos, message))
        if self.faults.get(envelope.rcpt_tos[0]) == "after text":
            server.transport.close()
        return "250 OK"


class AnyPort(Controller):
    """A server on a port that the system chooses; the original greets itself to see that it runs, on port 0."""

    def _trigger_server(self) -> None:
        socket.create_connection(address_of(self)).close()


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def server(post: Post) -> Iterator[Controller]:
    controller = AnyPort(post, hostname="127.0.0.1", port=0)
    controller.start()
    yield controller
    controller.stop()


def address_of(controller: Controller) -> tuple[str, int]:
    host, port = cast("Server", controller.server).sockets[0].getsockname()[:2]
    return host, port


def setup_for(controller: Controller, **more: Any) -> MailSetup:
    _, port = address_of(controller)
    return MailSetup(**{"host": "127.0.0.1", "port": port, "sender": SENDER, **more})


def effect_of(**params: Value) -> Effect | Undecided:
    known: Mapping[str, Value] = {"subject": "Акт", "text": "Здравствуйте!", **params}
    return cast("Effect | Undecided", mail.Send(MailSetup()).effect(known, Table({})))


def send(setup: MailSetup, store: Store | None = None, **params: Value) -> tuple[Any, ...]:
    effect = effect_of(**params)
    assert isinstance(effect, Effect), effect
    return cast("tuple[Any, ...]", mail.Send(setup).perform(effect, store or Store()))


def statuses(rows: tuple[Any, ...]) -> list[tuple[str, str]]:
    return [(row.get("address"), row.get("status")) for row in rows]


def test_cyrillic_subject_names_and_attachments_arrive_whole(server: Controller, post: Post) -> None:
    pdf, name = b"%PDF-1.7 \x00\xff" * 500, "Акт А-2026-043 «Ёлочка; и Ко».pdf"
    subject = "Акт № А-2026/043 и счёт за март — ООО «Ёлочка и Ко», кастомизация услуг Битрикс24"
    text = "Здравствуйте!\n.Точка в начале строки\n\n" + "Длинная строка. " * 120
    rows = send(
        setup_for(server),
        Store(kept={name: pdf}),
        to="client@example.com",
        subject=subject,
        text=text,
        attachments=(File(name, kind="pdf"),),
    )
    assert statuses(rows) == [("client@example.com", "accepted")]
    [(rcpt, message)] = post.got
    assert rcpt == ["client@example.com"]
    assert message["Subject"] == subject
    assert message["From"].addresses[0].display_name == "Кастом Сервис"
    assert message["From"].addresses[0].addr_spec == "docs@custom-service.example"
    assert message["Date"].datetime.isoformat() == "2026-03-14T16:41:07+03:00"
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n").strip() == text.strip()
    [attached] = message.iter_attachments()
    assert attached.get_filename() == name
    assert attached.get_content_type() == "application/pdf"
    assert attached.get_content() == pdf
    assert all(len(line) <= 998 for line in post.raw[0].split(b"\r\n"))


def test_a_lone_dot_ends_no_letter(server: Controller, post: Post) -> None:
    text = "first\n.\n.second\r\n.\r\nMAIL FROM:<evil@example.com>\nlast"
    rows = send(setup_for(server), to="a@example.com", text=text)
    assert statuses(rows) == [("a@example.com", "accepted")]
    [(_, message)] = post.got
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == text.splitlines()


def test_the_html_twin_is_escaped_and_links(server: Controller, post: Post) -> None:
    send(
        setup_for(server), to="a@example.com", text="<b>жир</b> & https://p.example/deal/1/?a=1&b=2\n\nВторой"
    )
    html = post.got[0][1].get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "&lt;b&gt;жир&lt;/b&gt; &amp; " in html
    assert '<a href="https://p.example/deal/1/?a=1&amp;b=2">' in html
    assert html.count("<p>") == 2


def test_two_recipients_never_see_each_other(server: Controller, post: Post) -> None:
    rows = send(setup_for(server), to=("one@example.com", "two@example.com"))
    assert statuses(rows) == [("one@example.com", "accepted"), ("two@example.com", "accepted")]
    assert [rcpt for rcpt, _ in post.got] == [["one@example.com"], ["two@example.com"]]
    assert b"two@" not in post.raw[0]
    assert b"one@" not in post.raw[1]


def test_the_same_key_gives_the_same_letter_and_another_key_another_id(
    server: Controller, post: Post
) -> None:
    for key in ("review 118", "review 118", "review 119"):
        send(
            setup_for(server),
            Store(key=key, kept={"a.pdf": b"1"}),
            to="a@example.com",
            attachments=(File("a.pdf"),),
        )
    send(setup_for(server), Store(key="review 118"), to="b@example.com")
    first, again, other, neighbour = (message["Message-ID"] for _, message in post.got)
    assert first == again
    assert len({first, other, neighbour}) == 3
    assert post.raw[0] == post.raw[1]
    assert first.endswith("@custom-service.example>")


@pytest.mark.parametrize(
    "address",
    ["a@example.com\r\nBcc: b@example.com", "a@example.com\nb", "a b@example.com", "a@b@example.com", "a@", "@b.ru",
     "нет", "a@-b.ru", "a@b..ru", "Иван <a@b.ru>", "иван@b.ru", "a@b.ru\x00"],
    ids=repr,
)  # fmt: skip
def test_what_is_no_address_is_undecided(address: str) -> None:
    effect = effect_of(to=address)
    assert isinstance(effect, Undecided)
    assert "неверен" in effect.reason


@pytest.mark.parametrize(
    "address", ["a@example.com", "a.b+c@xn--80a1acny.xn--p1ai", "docs@почта.рф", "o'neil@b.ru"]
)
def test_addresses_that_are_ones(address: str) -> None:
    effect = effect_of(to=address)
    assert isinstance(effect, Effect)
    assert [change.to for change in effect.changes if isinstance(change, MailChange)] == [address]


def test_a_russian_domain_goes_out_in_its_ascii_form(server: Controller, post: Post) -> None:
    send(setup_for(server), to="docs@Почта.рф")
    assert post.got[0][0] == ["docs@xn--80a1acny.xn--p1ai"]


def test_a_long_subject_loses_no_space_where_it_is_folded(server: Controller, post: Post) -> None:
    subjects = [
        f"Акт А-2026/{n:03} и счёт по работам «Склад: учёт остатков и резервов» {'и ' * n}" for n in range(30)
    ]
    for subject in subjects:
        send(setup_for(server), to="a@example.com", subject=subject, text="Здравствуйте!")
    assert [str(message["Subject"]) for _, message in post.got] == [subject.strip() for subject in subjects]


def test_a_line_break_in_a_subject_begins_no_header(server: Controller, post: Post) -> None:
    send(setup_for(server), to="a@example.com", subject="Сделка\r\nBcc: evil@example.com\u2028X-A: 1")
    message = post.got[0][1]
    assert message["Subject"] == "Сделка Bcc: evil@example.com X-A: 1"
    assert message["Bcc"] is None
    assert message["X-A"] is None


def test_a_file_name_with_a_line_break_begins_no_header(server: Controller, post: Post) -> None:
    name = 'a"\r\nX-Evil: 1\r\n.pdf'
    send(setup_for(server), Store(kept={name: b"1"}), to="a@example.com", attachments=(File(name),))
    [attached] = post.got[0][1].iter_attachments()
    assert attached["X-Evil"] is None
    assert "\n" not in (attached.get_filename() or "\n")


@pytest.mark.parametrize("to", [None, "", "  ", (), (None, "")], ids=repr)
def test_nobody_to_write_to_is_said_and_nothing_is_done(to: Value) -> None:
    effect = effect_of(to=to)
    assert isinstance(effect, Effect)
    assert effect.changes == ()
    assert effect.nothing_to_do is not None
    assert "нет адреса" in effect.warnings[0].ru


def test_several_addresses_in_one_text_go_separately_and_once() -> None:
    effect = effect_of(to=("a@example.com; b@example.com", "a@EXAMPLE.com"))
    assert isinstance(effect, Effect)
    assert [change.to for change in effect.changes if isinstance(change, MailChange)] == [
        "a@example.com",
        "b@example.com",
    ]


@pytest.mark.parametrize("files", [None, (None,), ("акт.pdf",), Undecided("act.document")], ids=repr)
def test_a_missing_attachment_leaves_it_undecided(files: Value) -> None:
    assert isinstance(effect_of(to="a@example.com", attachments=files), Undecided)


def test_pending_parts_are_shown_and_must_be_known_before_sending() -> None:
    subject = Mixed(("Акт\n", Pending("act/new-1.number")))
    effect = effect_of(to="a@example.com", subject=subject)
    assert isinstance(effect, Effect)
    [change] = effect.changes
    assert isinstance(change, MailChange)
    assert str(change.subject) == "Акт ⟨next⟩"
    with pytest.raises(PluginError, match="ещё не известны"):
        mail.Send(MailSetup(sender=SENDER)).perform(effect, Store())


def test_a_refusal_carries_the_servers_words_and_spares_the_others(server: Controller, post: Post) -> None:
    post.answers["gone@example.com"] = "550 5.1.1 no such mailbox"
    with pytest.raises(mail.DeliveryError, match=r"550 5\.1\.1 no such mailbox") as caught:
        send(setup_for(server), to=("gone@example.com", "b@example.com"))
    assert statuses(caught.value.rows) == [("gone@example.com", "refused"), ("b@example.com", "accepted")]
    assert caught.value.retry is False
    assert [rcpt for rcpt, _ in post.got] == [["b@example.com"]]


def test_a_passing_refusal_may_be_tried_again(server: Controller, post: Post) -> None:
    post.answers["grey@example.com"] = "451 4.7.1 greylisted"
    with pytest.raises(mail.DeliveryError, match="451") as caught:
        send(setup_for(server), to="grey@example.com")
    assert caught.value.retry is True
    assert isinstance(caught.value, PluginError)


def test_after_a_passing_refusal_only_what_is_missing_goes_again(server: Controller, post: Post) -> None:
    post.answers["grey@example.com"] = "451 4.7.1 greylisted"
    store, to = Store(), ("a@example.com", "grey@example.com")
    with pytest.raises(mail.DeliveryError) as caught:
        send(setup_for(server), store, to=to)
    assert statuses(caught.value.rows) == [("a@example.com", "accepted"), ("grey@example.com", "deferred")]
    assert caught.value.retry is True
    post.answers.clear()
    assert [state for _, state in statuses(send(setup_for(server), store, to=to))] == ["accepted"] * 2
    assert [rcpt for rcpt, _ in post.got] == [["a@example.com"], ["grey@example.com"]]


def test_a_line_lost_after_the_text_leaves_that_letter_alone_unknown(server: Controller, post: Post) -> None:
    post.faults["b@example.com"] = "after text"
    store, to = Store(), ("a@example.com", "b@example.com", "c@example.com")
    with pytest.raises(mail.DeliveryError) as caught:
        send(setup_for(server), store, to=to)
    assert [state for _, state in statuses(caught.value.rows)] == ["accepted", "unknown", "accepted"]
    assert caught.value.retry is False
    assert len(post.got) == 3
    found = probe(setup_for(server), store, to=to)
    assert isinstance(found, Undecided)
    message_id = caught.value.rows[1].get("message_id")
    for words in (
        "«Акт»",
        f"b@example.com, Message-ID {message_id}",
        "принято: a@example.com, c@example.com",
    ):
        assert words in found.reason
    # A person has looked and said that it did not go: it goes, the others do not go again.
    post.faults.clear()
    send(setup_for(server), store, to=to)
    assert [rcpt[0][0] for rcpt, _ in post.got] == ["a", "b", "c", "b"]


def test_a_line_lost_before_the_text_says_which_letters_went(server: Controller, post: Post) -> None:
    post.faults["b@example.com"] = "before text"
    with pytest.raises(mail.DeliveryError) as caught:
        send(setup_for(server), to=("a@example.com", "b@example.com"))
    assert statuses(caught.value.rows) == [("a@example.com", "accepted"), ("b@example.com", "not_tried")]


def test_no_server_may_be_tried_again() -> None:
    with socket.socket() as held:  # bound and not listening: a port that surely refuses
        held.bind(("127.0.0.1", 0))
        setup = MailSetup(port=held.getsockname()[1], sender=SENDER)
        with pytest.raises(mail.DeliveryError) as caught:
            send(setup, to="a@example.com")
    assert caught.value.retry is True
    assert statuses(caught.value.rows) == [("a@example.com", "not_tried")]


def probe(setup: MailSetup, store: Store, **params: Value) -> Any:
    """What the engine would be told after a crash, asked of the same memory."""
    generator = mail.Send(setup).probe(store.key, cast("Effect", effect_of(**params)))
    answers: Any = None
    try:
        while True:
            commands = generator.send(answers)
            answers = [Answer(one.id, store.recall(str(one.params["key"]))) for one in commands]
    except StopIteration as end:
        return end.value


def test_killed_at_any_moment_no_letter_goes_twice(server: Controller, post: Post, monkeypatch: Any) -> None:
    monkeypatch.setattr("engine.smtp.TIMEOUT", 0.5)  # the dying process would wait to say goodbye
    setup, to = setup_for(server), ("a@example.com", "b@example.com")
    assert probe(setup, Store(), to=to) is None
    for moment in range(1, 7):  # facts, handed, accepted, twice
        post.got.clear()
        store = Dying(dies_at=moment)
        with pytest.raises(KeyboardInterrupt):
            send(setup, store, to=to)
        store.dies_at = 0
        found = probe(setup, store, to=to)
        if found is None:
            found = send(setup, store, to=to)
        if isinstance(found, Undecided):
            assert "неизвестно, ушло ли письмо" in found.reason
            continue
        assert [state for _, state in statuses(found)] == ["accepted", "accepted"]
        assert [rcpt[0][0] for rcpt, _ in post.got] == ["a", "b"]


@dataclass
class Dying(Store):
    """The process is killed right after the n-th thing that it remembers."""

    dies_at: int = 0
    noted: int = 0

    def remember(self, key: str, value: str) -> None:
        super().remember(key, value)
        self.noted += 1
        if self.noted == self.dies_at:
            raise KeyboardInterrupt


def test_a_sender_that_is_no_address_is_refused(server: Controller, post: Post) -> None:
    with pytest.raises(PluginError, match=r"mail\.from"):
        send(setup_for(server, sender="Кастом Сервис"), to="a@example.com")
    assert post.got == []


def test_the_effect_is_pure() -> None:
    seen: list[str] = []
    watching = [True]
    sys.addaudithook(
        lambda name, _: seen.append(name) if watching[0] and name in ("open", "socket.connect") else None
    )
    effects = [effect_of(to="docs@почта.рф", attachments=(File("a.pdf"),)) for _ in range(2)]
    watching[0] = False
    assert seen == []
    assert effects[0] == effects[1]


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl command to make a certificate with")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    return key, cert


@pytest.fixture
def secure(post: Post, certificate: tuple[Path, Path]) -> Iterator[Callable[[str], Controller]]:
    key, cert = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    started: list[Controller] = []

    def check(server: Any, session: Any, envelope: Any, mechanism: str, auth: Any) -> AuthResult:
        return AuthResult(success=(auth.login, auth.password) == (b"docs", b"right"), handled=False)

    def start(security: str) -> Controller:
        options: dict[str, Any] = {"authenticator": check}
        if security == "tls":
            options |= {"ssl_context": context, "auth_require_tls": False}
        else:
            options |= {"tls_context": context, "require_starttls": True, "auth_required": True}
        controller = AnyPort(post, hostname="127.0.0.1", port=0, **options)
        controller.start()
        started.append(controller)
        return controller

    yield start
    for controller in started:
        controller.stop()


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_an_encrypted_server_with_login(
    secure: Callable[[str], Controller],
    post: Post,
    certificate: tuple[Path, Path],
    security: str,
    monkeypatch: Any,
) -> None:
    setup = setup_for(secure(security), security=security, user="docs", password="wrong")
    with pytest.raises(mail.DeliveryError, match=r"(?i)certificate") as untrusted:
        send(setup, to="a@example.com")
    assert untrusted.value.retry is False
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    with pytest.raises(mail.DeliveryError, match="535") as refused:
        send(setup, to="a@example.com")
    assert refused.value.retry is False
    assert "wrong" not in repr(setup) + str(refused.value)
    assert post.got == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_an_encrypted_server_with_the_right_login(
    secure: Callable[[str], Controller],
    post: Post,
    certificate: tuple[Path, Path],
    security: str,
    monkeypatch: Any,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    rows = send(
        setup_for(secure(security), security=security, user="docs", password="right"), to="a@example.com"
    )
    assert statuses(rows) == [("a@example.com", "accepted")]
    assert len(post.got) == 1


def test_a_password_that_smtplib_cannot_send_is_said(server: Controller, post: Post) -> None:
    with pytest.raises(mail.DeliveryError, match="ASCII") as caught:
        send(setup_for(server, user="docs", password="пароль"), to="a@example.com")
    assert caught.value.retry is False
    assert "пароль" not in str(caught.value)


def test_starttls_that_the_server_lacks_is_refused_and_nothing_goes_in_the_clear(
    server: Controller, post: Post
) -> None:
    with pytest.raises(mail.DeliveryError, match="STARTTLS") as caught:
        send(setup_for(server, security="starttls"), to="a@example.com")
    assert caught.value.retry is False
    assert post.got == []
