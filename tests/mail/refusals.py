"""Refusals as mail servers write them, each for a letter of ours: made here, in the shapes that servers use."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP

OURS = "<0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c@custom-service.example>"
TO = "docs@client.example"


def postfix(letter: str = OURS, to: str = TO, action: str = "failed", code: str = "5.1.1") -> bytes:
    """RFC 3464 with the whole headers of the letter: Postfix, Exchange, Gmail, and Yandex (which runs Postfix)."""
    return f"""Return-Path: <>
From: MAILER-DAEMON@mx.example (Mail Delivery System)
To: docs@custom-service.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Message-ID: <20260316.postfix-{action}@mx.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Description: Notification
Content-Type: text/plain; charset=utf-8

This is the mail system at host mx.example.
<{to}>: host mx.client.example said: 550 {code} User unknown

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
X-Postfix-Queue-ID: 4F0000000

Final-Recipient: rfc822; {to}
Original-Recipient: rfc822;{to}
Action: {action}
Status: {code}
Diagnostic-Code: smtp; 550 {code} <{to}>: Recipient address rejected:
    User unknown in virtual mailbox table

--b1
Content-Type: text/rfc822-headers

From: docs@custom-service.example
Subject: =?utf-8?B?0JDQutGC?=
Message-ID: {letter}

--b1--
""".replace("\n", "\r\n").encode()


def exim(letter: str = OURS, to: str = TO) -> bytes:
    """Exim without a report: plain text, X-Failed-Recipients, the letter quoted below. Mail.ru and many hosters."""
    return f"""Return-Path: <>
X-Failed-Recipients: {to}
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.hoster.example>
To: docs@custom-service.example
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1abc-0001@mx.hoster.example>
Content-Type: text/plain; charset=utf-8

This message was created automatically by mail delivery software.

  {to}
    host mxs.mail.example [94.100.180.31]
    SMTP error from remote mail server after RCPT TO:<{to}>:
    550 5.2.2 Message was not accepted -- mailbox is full

------ This is a copy of the message, including all the headers. ------

Message-ID: {letter}
Subject: Act
""".replace("\n", "\r\n").encode()


def russian_words(letter: str = OURS) -> bytes:
    """A robot's letter in Russian, the original attached whole, no report at all."""
    return f"""Return-Path: <>
From: mailer-daemon@yandex.example
To: docs@custom-service.example
Subject: =?utf-8?B?0J3QtdC00L7RgdGC0LDQstC70LXQvdC90L7QtSDRgdC+0L7QsdGJ0LXQvdC40LU=?=
Message-ID: <robot-1@yandex.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b2"

--b2
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Это письмо отправлено почтовым сервером. Ваше сообщение не может быть доставлено.
550 5.7.1 No such user!

--b2
Content-Type: message/rfc822

From: docs@custom-service.example
Message-ID: {letter}
Subject: Act

text
--b2--
""".replace("\n", "\r\n").encode()


def without_id(to: str = TO) -> bytes:
    """A refusal that names the address alone."""
    return exim("(none)", to).replace(b"Message-ID: (none)\r\n", b"")


def vacation(letter: str = OURS) -> bytes:
    """An answer that nobody wrote (RFC 3834)."""
    return f"""Return-Path: <>
From: Client <{TO}>
To: docs@custom-service.example
Subject: =?utf-8?B?0J7RgtC/0YPRgdC6?=
Auto-Submitted: auto-replied (vacation)
In-Reply-To: {letter}
Message-ID: <vacation-1@client.example>
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Я в отпуске до 30 марта.
""".replace("\n", "\r\n").encode()


def answer(letter: str = OURS, sender: str = TO, name: str = "скан акта.pdf", own: str = "answer-1") -> bytes:
    """A person's answer with a scan, a quotation, and a picture of the signature."""
    message = EmailMessage(policy=SMTP)
    message["From"] = f"Client <{sender}>"
    message["To"] = "docs@custom-service.example"
    message["Subject"] = "Re: Акт А-2026/020"
    message["Message-ID"] = f"<{own}@client.example>"
    message["In-Reply-To"] = letter
    message["References"] = f"<older@custom-service.example> {letter}"
    message.set_content(
        "Добрый день!\nПодписали, скан во вложении.\n\n16.03.2026, 10:00, Кастом Сервис <docs@x.example> пишет:\n> Здравствуйте!\n"
    )
    message.add_alternative('<p>Добрый день!</p><img src="cid:logo@x">', subtype="html")
    page = message.get_body(("html",))
    assert page is not None
    page.add_related(b"\x89PNG\r\n\x1a\nlogo", "image", "png", cid="<logo@x>", filename="logo.png")
    message.add_attachment(b"%PDF-1.4 scan", maintype="application", subtype="pdf", filename=name)
    return message.as_bytes()
