"""Acts and invoices as PDF: from the facts of an item to a sheet that a client signs.

Decides which facts a document needs, what may stay blank and how sums read; the sheet itself is a Typst
template (`document_templates`, a company's own folder first). It computes no tax and gives no number: amount,
VAT and number are the item's, printed as they are, and a doubt about them is said as a warning.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import ClassVar, TypeAlias

from engine import (
    Action,
    Commands,
    DocumentChange,
    Effect,
    Facts,
    File,
    Item,
    Mixed,
    Money,
    Outside,
    Param,
    Params,
    Pending,
    PluginError,
    Row,
    Said,
    Setup,
    Undecided,
    Value,
    hookimpl,
)

SHIPPED = Path(__file__).parent / "document_templates"
KOPECK = Decimal("0.01")
NBSP = "\u00a0"
# What the file is called; a company's own template is called by its name.
FILE_WORDS: Mapping[str, str] = {"act": "Акт", "invoice": "Счёт"}
BLANKABLE: Mapping[str, str] = {
    "kpp": "КПП", "ogrn": "ОГРН", "address": "адрес", "bank": "банк", "bik": "БИК",
    "account": "расчётный счёт", "corr_account": "корр. счёт", "director": "руководитель",
}  # fmt: skip
Printed: TypeAlias = "str | list[Printed] | dict[str, Printed]"


class _OpenError(Exception):
    """A fact without which there is no document: ends the reading, becomes the effect's `Undecided`."""


class _Reading:
    """Facts for one document, with the warnings that reading them raised."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self.warnings: list[Said] = []

    def known(self, item: Item, name: str) -> Value:
        """Return a field, empty or not; a document without knowing it stays undecided."""
        value = self._facts.field(item, name)
        if isinstance(value, Undecided):
            raise _OpenError(value.reason)
        return value

    def need(self, item: Item, name: str) -> Value:
        """Return a field that is known and not empty; else the document stays undecided."""
        value = self.known(item, name)
        if value is None or value == "":
            raise _OpenError(f"{item}.{name}: пусто, а без этого документа нет")
        return value

    def blank(self, item: Item, name: str) -> Value:
        """Return a field, or None where it is empty or unknown."""
        value = self._facts.field(item, name)
        return None if isinstance(value, Undecided) or value == "" else value

    def tie(self, item: Item, name: str) -> Item:
        """Return the item that a field names; else the document stays undecided."""
        value = self.need(item, name)
        if not isinstance(value, Item):
            raise _OpenError(f"{item}.{name}: не элемент портала")
        return value

    def warn(self, ru: str, en: str) -> None:
        """Say something to a person that stops nothing."""
        self.warnings.append(Said(ru, en))


def _read_party(reading: _Reading, company: Item) -> Row:
    name, short = reading.blank(company, "name"), reading.blank(company, "short_name")
    if name is None and short is None:
        name = reading.need(company, "name")
    inn = reading.need(company, "inn")
    values: list[tuple[str, Value]] = [("name", name or short), ("short_name", short or name), ("inn", inn)]
    values += [(key, reading.blank(company, key)) for key in BLANKABLE]
    # An individual entrepreneur (12-digit INN) has no KPP and is their own director.
    expected = set(BLANKABLE) - ({"kpp", "director"} if len(str(inn)) == 12 else set())
    absent = [key for key, value in values if value is None and key in expected]
    if absent:
        reading.warn(
            f"{short or name}: в документе пустое место, нет реквизитов: "
            + ", ".join(BLANKABLE[key] for key in absent),
            f"{short or name}: left blank in the document, requisites absent: {', '.join(absent)}",
        )
    return Row(tuple(values))


def _read_basis(reading: _Reading, item: Item) -> dict[str, Value]:
    """Read what the work was done under: the contract of the item or of its deal, and the stage, if any."""
    deal, contract = reading.blank(item, "deal"), reading.blank(item, "contract")
    if contract is None and isinstance(deal, Item):
        contract = reading.blank(deal, "contract")
    number = reading.blank(contract, "number") if isinstance(contract, Item) else None
    if number is None:
        reading.warn(f"{item}: нет договора, основание не указано", f"{item}: no contract, basis left out")
    # «Этап 1» of a deal that has one stage only puzzles the client.
    has_stages = not isinstance(deal, Item) or reading.blank(deal, "stage_plan") is not None
    return {
        "contract_number": number,
        "contract_date": reading.blank(contract, "date") if isinstance(contract, Item) else None,
        "stage_no": reading.blank(item, "stage_no") if has_stages else None,
    }


def _read_lines(reading: _Reading, item: Item, amount: Money) -> tuple[Row, ...]:
    lines = reading.known(item, "lines")
    rows = tuple(row for row in lines if isinstance(row, Row)) if isinstance(lines, tuple) else ()
    for row in rows:
        for name in ("name", "amount"):
            if row.get(name) is None or isinstance(row.get(name), Undecided):
                raise _OpenError(f"{item}.lines.{name}")
    if rows:
        return rows
    reading.warn(
        f"{item}: нет строк, в документе одна строка на всю сумму", f"{item}: no lines, one for the whole sum"
    )
    title = reading.need(item, "title")
    return (Row((("name", title), ("quantity", Decimal(1)), ("price", amount), ("amount", amount))),)


def _money(value: Value, name: str) -> Money:
    if not isinstance(value, Money):
        raise _OpenError(f"{name}: не сумма")
    return value


def _read_sums(reading: _Reading, item: Item, rate: Decimal | None) -> dict[str, Value]:
    """Read the item's own amount and VAT; the rate is named only where it gives that VAT."""
    amount = _money(reading.need(item, "amount"), f"{item}.amount")
    lines = _read_lines(reading, item, amount)
    known = reading.blank(item, "vat") if rate is None else reading.need(item, "vat")
    vat = Money(Decimal(0), amount.currency) if known is None else _money(known, f"{item}.vat")
    percent = rate or Decimal(0)
    share = (amount.amount * percent / (100 + percent)).quantize(KOPECK, ROUND_HALF_UP)
    # Half a kopeck of rounding a line may part the sum of the lines' taxes from the tax of the sum.
    if abs(vat.amount - share) <= KOPECK * len(lines):
        label = "" if rate is None else f"НДС {_plain(percent)}{NBSP}%"
    else:
        label = "НДС"
        reading.warn(
            f"{item}: НДС {vat.amount} не сходится со ставкой {_plain(percent)} %, ставка не названа",
            f"{item}: VAT {vat.amount} disagrees with the rate {_plain(percent)} %, which is left out",
        )
    total = sum((_money(row.get("amount"), f"{item}.lines.amount").amount for row in lines), Decimal(0))
    if total not in (amount.amount, amount.amount - vat.amount):
        reading.warn(
            f"{item}: сумма строк {total} не равна сумме документа {amount.amount}",
            f"{item}: the lines sum to {total}, the document to {amount.amount}",
        )
    with_vat = {amount.amount: "с НДС", amount.amount - vat.amount: "без НДС"}.get(total, "")
    basis = with_vat if label else ""
    return {"amount": amount, "vat": vat, "vat_label": label, "lines": lines, "line_basis": basis}


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace(".", ",")


class Render(Action):
    """Makes the PDF of an act or an invoice from a template and the facts of the item."""

    name = "document.render"
    parameters: ClassVar[Mapping[str, Param]] = {
        "template": Param("text", "`act`, `invoice` or a template of the company's own folder"),
        "item": Param("item", "the act or invoice whose fields fill the sheet"),
    }
    example = 'document.render: {template: act, item: "${act}"}\nas: pdf\nkey: document ${act.id}'
    kinds = ("document",)
    result = "file"
    irreversible = True
    needs_key = True

    def __init__(self, setup: Setup) -> None:
        """List the templates once: one added later is known when the plugins are loaded again."""
        self._documents = setup.documents
        own = setup.own.get("document")
        self._payment_due = str(own.get("payment_due", "")) if isinstance(own, Mapping) else ""
        folders = [SHIPPED, *([setup.documents.templates] if setup.documents.templates else [])]
        self._known = sorted({path.stem for folder in folders for path in folder.glob("*.typ")} - {"parts"})

    def effect(self, params: Params, facts: Facts) -> Effect | Undecided:
        """Say which document would be made; undecided where a required fact is unknown."""
        template, item = params.get("template"), params.get("item")
        if not isinstance(template, str) or template not in self._known:
            return Undecided(f"нет шаблона документа «{template}», есть: {', '.join(self._known)}")
        if not isinstance(item, Item):
            return Undecided(f"document.render.item: {item} — не акт и не счёт")
        reading = _Reading(facts)
        try:
            details = self._read(reading, item)
        except _OpenError as question:
            return Undecided(str(question))
        number = details["number"]
        shown = number.shown if isinstance(number, Pending) else _safe(str(number))
        return Effect(
            params=params,
            changes=(DocumentChange(item, template, number),),
            result=File(f"{FILE_WORDS.get(template, template)} {shown}.pdf", kind="pdf"),
            details=details,
            warnings=tuple(reading.warnings),
        )

    def _read(self, reading: _Reading, item: Item) -> dict[str, Value]:
        day = reading.need(item, "date")
        if not isinstance(day, date) or isinstance(day, datetime):
            raise _OpenError(f"{item}.date: не дата")
        return {
            "number": reading.need(item, "number"),
            "date": day,
            "seller": _read_party(reading, reading.tie(item, "own_company")),
            "buyer": _read_party(reading, reading.tie(item, "client")),
            **_read_basis(reading, item),
            **_read_sums(reading, item, self._documents.vat_on(day)),
        }

    def probe(self, key: str, effect: Effect) -> Commands:
        """Return None whatever an earlier try did: the same facts and time give the same bytes again."""
        yield from ()
        return None

    def undo(self, effect: Effect, result: Value) -> Commands:
        """Send nothing: the file lies in the engine's own store, and nobody sees it until another step hands it on."""
        yield from ()
        return result

    def perform(self, effect: Effect, outside: Outside) -> Value:
        """Make the PDF (PDF/A-2b, the same bytes for the same facts and time) and keep it; return the file.

        Repeating it harms nothing. Raises PluginError with Typst's words where a template is broken or the
        fonts lack a letter, and where a value is still pending.
        """
        template = str(effect.params["template"])
        try:
            sheet = printed(effect.details, self._payment_due)
        except _OpenError as question:
            raise PluginError("document", "render", str(question)) from question
        content = compile_pdf(template, sheet, self._documents.templates, outside.now)
        name = f"{FILE_WORDS.get(template, template)} {_safe(str(sheet['number']))}.pdf"
        return outside.keep(name, content)


def _safe(name: str) -> str:
    return re.sub(r'[\\/:*?"<>|]', "-", _clean(name)).strip(" .")


def _clean(text: str) -> str:
    """Drop what no font prints or what turns text around: control and direction characters, pictographs.

    PDF/A refuses a character without a glyph, and an emoji in a deal's title must not cost anyone the act.
    """
    kept = []
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        if category == "Cc":
            kept.append(" ")
        elif category[0] == "C" or "\ufe00" <= char <= "\ufe0f" or (category == "So" and char not in "№°©®™"):
            continue
        else:
            kept.append(char)
    return re.sub(r"[ \t]+", " ", "".join(kept)).strip()


def _text(value: Value) -> str:
    if isinstance(value, Pending | Mixed | Undecided):
        raise _OpenError(f"значение ещё не известно: {value}")
    if isinstance(value, Money | Decimal):
        from babel.numbers import format_decimal

        exact = value.amount.quantize(KOPECK, ROUND_HALF_UP) if isinstance(value, Money) else value
        pattern = "#,##0.00" if isinstance(value, Money) else "#,##0.######"
        return str(format_decimal(exact, pattern, locale="ru"))
    return "" if value is None else _clean(str(value))


def _short_date(day: Value) -> str:
    return f"{day:%d.%m.%Y}" if isinstance(day, date) else ""


def _long_date(day: Value) -> str:
    from babel.dates import format_date

    return str(format_date(day, "d MMMM y 'г.'", locale="ru")) if isinstance(day, date) else ""


def in_words(sum_: Money) -> str:
    """Return «Двадцать один рубль 05 копеек»; the figures where num2words has no such currency."""
    from num2words import num2words

    exact = sum_.amount.quantize(KOPECK, ROUND_HALF_UP)
    try:
        # Always a Decimal: num2words reads the integer 1001 as kopecks, «десять рублей, одна копейка».
        words = num2words(
            exact, lang="ru", to="currency", currency=sum_.currency or "RUB", separator="", cents=False
        )
    except NotImplementedError:
        return f"{_text(sum_)} {sum_.currency}"
    return str(words[:1].upper() + words[1:])


def printed(details: Mapping[str, Value], payment_due: str = "") -> dict[str, Printed]:
    """Return the texts that a template gets; each key is told in `document_templates/parts.typ`.

    Raises _OpenError where a value is still pending.
    """
    amount, vat = _money(details["amount"], "amount"), _money(details["vat"], "vat")
    lines, day, signed = details["lines"], details["date"], details["contract_date"]
    return {
        "number": _text(details["number"]),
        "date": _short_date(day),
        "date_long": _long_date(day),
        "contract_number": _text(details["contract_number"]).removeprefix("№").strip(),
        "contract_date": _short_date(signed),
        "stage_no": _text(details["stage_no"]),
        "seller": _printed_row(details["seller"]),
        "buyer": _printed_row(details["buyer"]),
        "lines": [_printed_row(row) for row in lines] if isinstance(lines, tuple) else [],
        "line_basis": _text(details["line_basis"]),
        "net": _text(Money(amount.amount - vat.amount, amount.currency)),
        "vat": _text(vat),
        "vat_label": _text(details["vat_label"]),
        "total": _text(amount),
        "currency": "руб." if amount.currency in ("", "RUB") else amount.currency,
        "words": in_words(amount),
        "payment_due": payment_due,
    }


def _printed_row(row: Value) -> dict[str, Printed]:
    values = row.values if isinstance(row, Row) else ()
    return {name: "" if isinstance(value, Undecided) else _text(value) for name, value in values}


def compile_pdf(template: str, sheet: Mapping[str, Printed], own: Path | None, at: datetime) -> bytes:
    """Return the PDF/A-2b of a sheet; `own` is laid over the shipped templates, `at` is its creation time.

    Raises PluginError with Typst's diagnostic.
    """
    import typst

    with tempfile.TemporaryDirectory(prefix="document-") as folder:
        shutil.copytree(SHIPPED, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("fonts"))
        fonts = [SHIPPED / "fonts"]
        if own is not None and own.is_dir():
            shutil.copytree(own, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("fonts"))
            fonts.append(own / "fonts")
        try:
            return typst.compile(
                str(Path(folder) / f"{template}.typ"),
                root=folder,
                # The machine's own fonts would make the same act another file on another machine.
                font_paths=[str(path) for path in fonts if path.is_dir()],
                ignore_system_fonts=True,
                sys_inputs={"document": json.dumps(sheet, ensure_ascii=False)},
                pdf_standards=["a-2b"],
                timestamp=int(at.timestamp()),
            )
        except typst.TypstError as error:
            # Typst names files from the folder it runs in or by their own path, as it sees fit.
            said = re.sub(
                rf"[^\s]*{re.escape(Path(folder).name)}/", "", str(error.diagnostic or error.message)
            )
            raise PluginError("document", "render", f"шаблон «{template}»: {said.strip()}") from error


@hookimpl
def reglament_actions(setup: Setup) -> list[Action]:
    """Supply `document.render`."""
    return [Render(setup)]
