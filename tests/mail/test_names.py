"""A Russian subject and file name, read back by several readers: none of them asks Python's writer what it meant."""

from __future__ import annotations

import base64
import email
import json
import re
import shutil
import subprocess
from email import policy
from email.header import decode_header, make_header
from pathlib import Path
from urllib.parse import unquote

import pytest

from engine.attachment_name import shorten
from engine.language.values import File
from engine.letters import Letter, build
from tests.plugins.document_case import NOW

SENDER = "ООО «Кастом Сервис, отдел „Акты“» <docs@custom-service.example>"
NAMES = [
    "Акт № А-2026/043.pdf",
    'Акт А-2026-043 «Ёлочка; и "Ко"».pdf',
    "act (1).pdf",
    "it's 100% _done_.pdf",
    "длинное имя " * 12 + ".pdf",
    "ёй 漢字 😀.pdf",
]
SUBJECT = (
    "Акт № А-2026/043 и счёт за март — ООО «Ёлочка и Ко», кастомизация услуг Битрикс24: " + "этап и " * 30
)


def raw_of(name: str = "акт.pdf", subject: str = SUBJECT) -> bytes:
    letter = Letter(SENDER, "docs@client.example", subject, "Здравствуйте!\n\nАкт во вложении.", "<1@x.example>", NOW,
                    ((File(name, kind="pdf"), b"%PDF-1.7"),))  # fmt: skip
    return build(letter).as_bytes()


def web_mail(raw: bytes) -> str:
    """What an old web mail or Outlook takes: the encoded words of the type's `name`."""
    head = re.search(rb'(?s)Content-Type: application/pdf;\s+name="(.*?)"\r\n', raw)
    assert head is not None
    words = re.findall(rb"=\?utf-8\?(b|q)\?([^?]*)\?=", head[1], re.IGNORECASE)
    if not words:
        return head[1].decode()
    parts = [base64.b64decode(text) if kind in b"bB" else _quoted(text) for kind, text in words]
    return b"".join(parts).decode()


def _quoted(text: bytes) -> bytes:
    return re.sub(rb"=([0-9A-F]{2})", lambda found: bytes([int(found[1], 16)]), text.replace(b"_", b" "))


def standard(raw: bytes) -> str:
    """What RFC 2231 says, read by hand."""
    found = re.search(rb"filename\*=utf-8''(\S+)\r\n", raw)
    if found is not None:
        return unquote(found[1].decode())
    plain = re.search(rb'filename="(.*?)"\r\n', raw)
    assert plain is not None
    return plain[1].decode()


def python(raw: bytes, rules: policy.Policy) -> str:
    message = email.message_from_bytes(raw, policy=rules)
    [part] = [one for one in message.walk() if one.get_content_type() == "application/pdf"]
    return part.get_filename() or ""


@pytest.mark.parametrize("name", NAMES)
def test_every_reader_finds_the_same_name(name: str) -> None:
    raw, shown = raw_of(name), shorten(name, 300)
    read = [python(raw, policy.default), python(raw, policy.compat32), web_mail(raw), standard(raw)]
    assert read == [shown] * 4


@pytest.mark.parametrize("name", NAMES)
def test_no_line_is_too_long_and_none_begins_a_header(name: str) -> None:
    for line in raw_of(name + "\r\nX-Evil: 1").split(b"\r\n"):
        assert len(line) <= 998
        assert not line.startswith(b"X-Evil")
        assert line.isascii()


def test_a_long_name_keeps_its_ending() -> None:
    cut = shorten("я" * 400 + ".pdf", 300)
    assert (cut[-4:], len(cut.encode())) == (".pdf", 300)
    assert shorten("я" * 400, 301) == "я" * 150


def test_a_very_long_subject_and_a_sender_with_a_comma_come_back_whole() -> None:
    message = email.message_from_bytes(raw_of(), policy=policy.compat32)
    for header, meant in (("Subject", SUBJECT), ("From", SENDER)):
        assert str(make_header(decode_header(message[header]))).strip() == meant.strip()
    # The other reader of Python's puts a blank between the words of an encoded name: its subject and address count.
    modern = email.message_from_bytes(raw_of(), policy=policy.default)
    assert str(modern["Subject"]).strip() == SUBJECT.strip()
    assert modern["From"].addresses[0].addr_spec == "docs@custom-service.example"


def test_the_letter_is_seven_bits_wide_with_text_and_page() -> None:
    message = email.message_from_bytes(raw_of(), policy=policy.default)
    assert raw_of().isascii()
    texts = [message.get_body((kind,)) for kind in ("plain", "html")]
    assert all(one is not None and "Акт во вложении." in one.get_content() for one in texts)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == NOW


def test_node_reads_the_same(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node to read with")
    script = (
        "const raw=require('fs').readFileSync(process.argv[1],'latin1');"
        "const s=/filename\\*=utf-8''(\\S+)/.exec(raw);"
        "const w=[...raw.split('Content-Type: application/pdf')[1].split('Content-Disposition')[0]"
        ".matchAll(/=\\?utf-8\\?b\\?([^?]*)\\?=/gi)].map(m=>Buffer.from(m[1],'base64'));"
        "console.log(JSON.stringify([decodeURIComponent(s[1]),Buffer.concat(w).toString('utf8')]));"
    )
    file = tmp_path / "letter.eml"
    file.write_bytes(raw_of(NAMES[0]))
    said = subprocess.run([node, "-e", script, str(file)], check=True, capture_output=True, text=True)
    assert json.loads(said.stdout) == [NAMES[0], NAMES[0]]
