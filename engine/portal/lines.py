"""Product rows of a deal, an invoice, an act.

Decides how a row of the portal reads as a line (name, quantity, unit, price, amount, vat) and how a line is
written. `price` is what the client pays for one unit, tax included, as the portal keeps it. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from engine.language.values import Money, Row, Undecided, Value
from engine.portal.codec import read_number

_CENT = Decimal("0.01")
# OKEI (the Russian classifier of units, OK 015-94): the portal wants the number beside the name.
_UNITS = {
    "шт": 796,
    "ч": 356,
    "час": 356,
    "усл": 876,
    "усл. ед": 876,
    "мес": 362,
    "м": 6,
    "кг": 166,
    "сут": 359,
}
_DEFAULT_UNIT = "шт"


def decode_line(raw: Mapping[str, object], currency: str) -> Row | Undecided:
    """Return the line of a portal row. VAT is empty where the row carries none («НДС не облагается»)."""
    try:
        quantity, price = read_number(raw.get("quantity") or 1), _exact(raw.get("price") or 0)
        amount = _round(price * quantity)
        rate = raw.get("taxRate")
        vat = None if rate in (None, "") else Money(vat_inside(amount, Decimal(str(rate))), currency)
    except InvalidOperation:
        return Undecided(f"lines: row {raw.get('id')} holds no number")
    return Row(
        (
            ("name", str(raw.get("productName") or "") or None),
            ("quantity", quantity),
            ("unit", str(raw.get("measureName") or "") or None),
            ("price", Money(price, currency)),
            ("amount", Money(amount, currency)),
            ("vat", vat),
        )
    )


def encode_lines(lines: Sequence[Value]) -> list[dict[str, object]]:
    """Return the portal rows of the lines, in their order. Raises ValueError for a line without price and
    amount.
    """
    return [_encode_line(line, position) for position, line in enumerate(lines, 1)]


def _encode_line(line: Value, position: int) -> dict[str, object]:
    if not isinstance(line, Row):
        raise ValueError(f"line {position} is no row: {line!r}")  # noqa: TRY004
    quantity = line.get("quantity")
    quantity = quantity if isinstance(quantity, Decimal) and quantity else Decimal(1)
    price, amount, vat = line.get("price"), line.get("amount"), line.get("vat")
    if not isinstance(price, Money) and isinstance(amount, Money):
        price = Money(amount.amount / quantity, amount.currency)
    if not isinstance(price, Money):
        raise ValueError(f"line {position} has neither price nor amount")  # noqa: TRY004
    total = amount.amount if isinstance(amount, Money) else _round(price.amount * quantity)
    rate = vat_rate(total, vat.amount) if isinstance(vat, Money) else None
    unit = line.get("unit")
    row: dict[str, object] = {
        "productName": str(line.get("name") or ""),
        "quantity": f"{quantity:f}",
        "price": f"{price.amount:f}",
        "taxIncluded": "Y",
        "sort": position * 10,
    }
    if rate is not None:
        row["taxRate"] = f"{rate:f}"
    unit = unit if isinstance(unit, str) and unit else _DEFAULT_UNIT
    code = _UNITS.get(unit.strip(" .").lower())
    return {**row, "measureName": unit, **({"measureCode": code} if code else {})}


def vat_inside(amount: Decimal, rate: Decimal) -> Decimal:
    """Return the VAT of `rate` percent contained in `amount`, to the kopeck."""
    return _round(amount * rate / (100 + rate))


def vat_rate(amount: Decimal, vat: Decimal) -> Decimal:
    """Return the rate in percent that gives `vat` inside `amount`: whole where a whole one does."""
    net = amount - vat
    if not net:
        return Decimal(0)
    exact = vat * 100 / net
    whole = exact.quantize(Decimal(1), ROUND_HALF_UP)
    # A kopeck of rounding moves the computed rate of a small sum by more than a percent.
    for rate in (whole, Decimal(22), Decimal(20), Decimal(10), Decimal(5), Decimal(7)):
        if rate >= 0 and vat_inside(amount, rate) == vat:
            return rate
    return exact.quantize(Decimal("0.0001"), ROUND_HALF_UP)


def _round(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


def _exact(raw: object) -> Decimal:
    price = Decimal(str(raw))
    return _round(price) if price == _round(price) else price
