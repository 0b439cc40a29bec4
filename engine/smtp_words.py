"""What a mail server's certificate, its limit or its refusal means, in words that a person can act on.

Decides words alone; it opens no connection.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Mapping

from engine.effects import Said

# OpenSSL's X509_V_ERR_*: the numbers are part of its interface, the words change between versions.
_EXPIRED, _NOT_YET, _WRONG_HOST, _WRONG_IP = 10, 9, 62, 64
_UNKNOWN_AUTHORITY = (18, 19, 20, 21)
_MEGABYTE = 1_048_576
_LINE: Mapping[type[OSError], tuple[str, str]] = {
    socket.gaierror: ("нет сервера с таким именем", "there is no server of this name"),
    ConnectionRefusedError: (
        "там никто не отвечает, проверьте имя сервера и порт",
        "nobody answers there: check the server's name and port",
    ),
    TimeoutError: ("сервер не ответил вовремя", "the server did not answer in time"),
}


def certificate_words(error: ssl.SSLCertVerificationError, host: str) -> Said:
    """Say why the server's certificate is not trusted, and what to do."""
    code = error.verify_code
    detail = f"certificate: {error.verify_message}"
    if code == _EXPIRED:
        ru, en = "срок сертификата сервера истёк", "the server's certificate has expired"
    elif code == _NOT_YET:
        ru, en = "сертификат сервера ещё не действует", "the server's certificate is not valid yet"
    elif code in (_WRONG_HOST, _WRONG_IP):
        ru = f"сертификат сервера выдан не на имя «{host}»: впишите в настройку его имя из сертификата"
        en = f"the server's certificate is not for the name {host}: set the name that it bears"
    elif code in _UNKNOWN_AUTHORITY:
        ru = "сертификат сервера подписан неизвестным центром: укажите файл своего центра в mail.ca"
        en = "the server's certificate is signed by an unknown authority: name its file in mail.ca"
    else:
        ru, en = "сертификату сервера нельзя доверять", "the server's certificate cannot be trusted"
    return Said(f"{ru} ({detail})", f"{en} ({detail})")


def failure_words(error: OSError | smtplib.SMTPException, host: str) -> Said:
    """Say why there is no connection, or no encrypted one."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return certificate_words(error, host)
    if isinstance(error, ssl.SSLError):
        return Said(
            f"шифрованная связь не сложилась, проверьте mail.port и mail.security ({error.reason or error})",
            f"no encrypted connection: check mail.port and mail.security ({error.reason or error})",
        )
    if isinstance(error, smtplib.SMTPNotSupportedError) and "STARTTLS" in str(error):
        return Said(
            f"сервер не умеет STARTTLS, а открыто письма не пойдут ({error})",
            f"the server has no STARTTLS, and nothing goes in the clear ({error})",
        )
    words = str(error) or type(error).__name__
    for kind, (ru, en) in _LINE.items():
        if isinstance(error, kind):
            return Said(f"{ru} ({words})", f"{en} ({words})")
    return Said(words, words)


def refusal_words(code: int, words: str) -> Said:
    """Say what an answer means beside the server's own words: a login refused, or a name of a server's words."""
    said = f"{code} {words}".strip()
    if code in (534, 535, 538):
        hint = (
            "сервер не принял логин или пароль; Яндексу и Mail.ru нужен отдельный пароль приложения",
            "the server did not take the login or password; some providers ask for an application password",
        )
        return Said(f"{said} ({hint[0]})", f"{said} ({hint[1]})")
    return Said(said, said)


def size_words(size: int, limit: int) -> Said:
    """Say that a letter is larger than the server takes."""
    has, may = (f"{count / _MEGABYTE:.1f}" for count in (size, limit))
    return Said(
        f"письмо с вложениями — {has} МБ, сервер принимает до {may} МБ: не отправлено".replace(".", ","),
        f"the letter with its attachments has {has} MB, the server takes up to {may} MB: not sent",
    )
