"""The bytes of a statement become lines of text, or are refused.

Decides the encoding: UTF-8 where the bytes are valid UTF-8, else the one in which the key «Кодировка» can be read.
Cyrillic in cp1251 or cp866 is never valid UTF-8 by chance, and a key is legible in one of the two alone, so nothing
is guessed. It knows no document.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.bank.refusal import StatementRefused

LARGEST = 20 * 1024 * 1024
SIGNATURE = "1CClientBankExchange"
_BOM = b"\xef\xbb\xbf"
_KEY = "Кодировка="
_PROOFS = ("ВерсияФормата", "Кодировка", "СекцияРасчСчет", "СекцияДокумент", "КонецФайла")
_OTHER_FILES = (
    (b"PK\x03\x04", "архив или таблица Excel", "an archive or an Excel table"),
    (b"\xd0\xcf\x11\xe0", "старый файл Excel или Word", "an old Excel or Word file"),
    (b"%PDF", "PDF", "a PDF"),
    (b"Rar!", "архив RAR", "a RAR archive"),
    (b"7z\xbc\xaf", "архив 7z", "a 7z archive"),
    (b"\x1f\x8b", "архив gzip", "a gzip archive"),
)
_MEND_RU = "выгрузите из банка файл обмена с 1С (kl_to_1c.txt) и не открывайте его в редакторе"
_MEND_EN = "export the exchange file for 1C (kl_to_1c.txt) from the bank and do not open it in an editor"


@dataclass(frozen=True, slots=True)
class Decoded:
    """Lines without their ends, the encoding found (`utf-8`, `cp1251`, `cp866`), and what the header should say."""

    lines: tuple[str, ...]
    encoding: str


def decode_statement(content: bytes) -> Decoded:
    """Return the file's lines. Raises StatementRefused for what is no text of a statement."""
    if len(content) > LARGEST:
        size = len(content) // (1024 * 1024)
        raise StatementRefused(
            0,
            f"файл слишком велик: {size} МБ, а выписка не больше 20 МБ; выгрузите её частями по датам",
            f"the file is too large: {size} MB where a statement has at most 20; export it in parts by date",
        )
    for mark, ru, en in _OTHER_FILES:
        if content.startswith(mark):
            raise StatementRefused(0, f"это {ru}, а не выписка; {_MEND_RU}", f"this is {en}; {_MEND_EN}")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise StatementRefused(
            0, f"файл пересохранён в UTF-16; {_MEND_RU}", f"saved anew in UTF-16; {_MEND_EN}"
        )
    if b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        raise StatementRefused(
            line, f"в файле нулевые байты, он повреждён; {_MEND_RU}", f"zero bytes: it is damaged; {_MEND_EN}"
        )
    encoding = _encoding_of(content)
    text = _text(content, encoding)
    lines = tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    _check(lines)
    return Decoded(lines, "utf-8" if encoding == "utf-8-sig" else encoding)


def _encoding_of(content: bytes) -> str:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8-sig"
    for key in (_KEY, *_PROOFS):
        for encoding in ("cp1251", "cp866"):
            if key.encode(encoding) in content:
                return encoding
    raise StatementRefused(
        0,
        f"текст не читается ни в UTF-8, ни в Windows-1251, ни в DOS-866: это не выписка 1C; {_MEND_RU}",
        f"no text in UTF-8, Windows-1251 or DOS-866: no statement for 1C; {_MEND_EN}",
    )


def _text(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise StatementRefused(
            line,
            f"знак не читается в кодировке {encoding}, файл повреждён; {_MEND_RU}",
            f"a character is none of {encoding}, the file is damaged; {_MEND_EN}",
        ) from None


def _check(lines: tuple[str, ...]) -> None:
    first = lines[0].strip()
    if first != SIGNATURE:
        raise StatementRefused(
            1,
            f"первая строка — не «{SIGNATURE}»: это не выписка для 1С; {_MEND_RU}",
            f"the first line is not `{SIGNATURE}`: no statement for 1C; {_MEND_EN}",
        )
    for number, line in enumerate(lines, start=1):
        if "\ufffd" in line:
            raise StatementRefused(
                number,
                f"знаки потеряны при пересохранении («\ufffd»); {_MEND_RU}",
                f"characters were lost when it was saved anew (U+FFFD); {_MEND_EN}",
            )
    keys = {line.partition("=")[0].strip() for line in lines}
    if not keys & set(_PROOFS):
        raise StatementRefused(
            2,
            f"ключи не читаются: файл пересохранён в чужой кодировке; {_MEND_RU}",
            f"no key can be read: the file was saved anew in a wrong encoding; {_MEND_EN}",
        )
