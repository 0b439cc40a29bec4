"""From a document's details to the texts that a template gets: nothing is left for the template to compute.

Every name is told in `document_templates/parts.typ`. The mark of an act becomes a picture of its QR code here, so that
a template needs no library of its own.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date

from engine.action import PluginError
from engine.document_mark import mark_text
from engine.documents.reading import OpenError
from engine.documents.writing import (
    Printed,
    currency_text,
    in_words,
    long_date,
    printed_row,
    short_date,
    text_of,
)
from engine.language.values import Item, Money, Row, Value

# Longer than this, the squares of the code are too small for an office scanner.
LONGEST_MARK = 120
INNER = frozenset({"mark_kind", "mark_id", "owner", "number"})


def print_sheet(details: Mapping[str, Value], number: Value, own: Mapping[str, str]) -> dict[str, Printed]:
    """Return the texts by name. `number` is printed as given, `own` are the company's settings for all documents.

    A date comes as `date` and `date_long`, a yes/no as `yes` or an empty text, the sum to pay also in words. Raises
    PluginError where a value is still pending.
    """
    try:
        return _sheet(details, number, own)
    except OpenError as question:
        raise PluginError("document", "render", str(question)) from question


def _sheet(details: Mapping[str, Value], number: Value, own: Mapping[str, str]) -> dict[str, Printed]:
    sheet: dict[str, Printed] = dict(own)
    sheet["number"] = text_of(number)
    for name, value in details.items():
        if name in INNER or isinstance(value, Item):
            continue
        sheet[name] = _printed(value)
        if name == "date" or isinstance(value, date):
            sheet[f"{name}_long"] = long_date(value)
    if "contract_number" in details:
        sheet["contract_number"] = text_of(details["contract_number"]).removeprefix("№").strip()
    text = _mark(details, str(number))
    return sheet | _sums(details) | {"mark_text": text, "mark": _drawn(text) if text else ""}


def _printed(value: Value) -> Printed:
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, Row):
        return printed_row(value)
    if isinstance(value, tuple):
        return [printed_row(member) for member in value]
    return short_date(value) if isinstance(value, date) else text_of(value)


def _sums(details: Mapping[str, Value]) -> dict[str, Printed]:
    amount, vat = details.get("amount"), details.get("vat")
    if amount is None:
        return {"total": "", "words": "", "currency": "", "net": "", "vat": ""}
    if not isinstance(amount, Money):
        raise OpenError(f"amount: не сумма, а {amount}")
    found: dict[str, Printed] = {
        "total": text_of(amount),
        "words": in_words(amount),
        "currency": currency_text(amount),
        "net": "",
        "vat": "",
    }
    if isinstance(vat, Money):
        found["net"] = text_of(Money(amount.amount - vat.amount, amount.currency))
        found["vat"] = text_of(vat)
    return found


def _mark(details: Mapping[str, Value], number: str) -> str:
    """Return the text of the document's mark, an empty one for a document that bears none."""
    kind, identity = details.get("mark_kind"), details.get("mark_id")
    if not isinstance(kind, str) or not isinstance(identity, str):
        return ""
    text = mark_text(kind, number, identity)
    return text if len(text.encode()) <= LONGEST_MARK else ""


def _drawn(text: str) -> str:
    """Return the QR code as SVG."""
    import segno

    drawn = io.BytesIO()
    # M restores 15 %: a stamp's rim or a fold may lie across it.
    segno.make(text, error="m", micro=False).save(drawn, kind="svg", border=2, xmldecl=False, svgns=True)
    return drawn.getvalue().decode()
