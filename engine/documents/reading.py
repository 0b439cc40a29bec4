"""Facts for one document, with the warnings that reading them raised.

Decides what "needed" and "may stay blank" mean, and reads what all documents share: the two parties, and the contract
that the work was done under. Pure: asks the facts, nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING

from engine.effects import Said
from engine.language.values import Item, Money, Row, Undecided, Value

if TYPE_CHECKING:
    from engine.action import Facts

BLANKABLE: Mapping[str, str] = {
    "kpp": "КПП", "ogrn": "ОГРН", "address": "адрес", "bank": "банк", "bik": "БИК",
    "account": "расчётный счёт", "corr_account": "корр. счёт", "director": "руководитель",
}  # fmt: skip
# How a party is spoken of in a contract: «в лице …, действующего на основании …», in the genitive as written there.
SPOKEN = ("in_person", "authority")
ENTREPRENEUR_INN = 12


class OpenError(Exception):
    """A fact without which there is no document: ends the reading, becomes the effect's `Undecided`."""


class Reading:
    """Asks the facts, and keeps what a person is to be warned of."""

    def __init__(self, facts: Facts) -> None:
        """Read of `facts`; nothing is warned of yet."""
        self._facts = facts
        self.warnings: list[Said] = []

    @property
    def today(self) -> date:
        """The event's day."""
        return self._facts.today

    def known(self, item: Item, name: str) -> Value:
        """Return a field, empty or not; a document without knowing it stays undecided."""
        value = self._facts.field(item, name)
        if isinstance(value, Undecided):
            raise OpenError(value.reason)
        return value

    def need(self, item: Item, name: str) -> Value:
        """Return a field that is known and not empty; else the document stays undecided."""
        value = self.known(item, name)
        if value is None or value == "":
            raise OpenError(f"{item}.{name}: пусто, а без этого документа нет")
        return value

    def blank(self, item: Item, name: str) -> Value:
        """Return a field, or None where it is empty or unknown."""
        value = self._facts.field(item, name)
        return None if isinstance(value, Undecided) or value == "" else value

    def tie(self, item: Item, name: str) -> Item:
        """Return the item that a field names; else the document stays undecided."""
        value = self.need(item, name)
        if not isinstance(value, Item):
            raise OpenError(f"{item}.{name}: не элемент портала")
        return value

    def day(self, item: Item, name: str = "date") -> date:
        """Return a field that is a date without a time."""
        value = self.need(item, name)
        if not isinstance(value, date) or isinstance(value, datetime):
            raise OpenError(f"{item}.{name}: не дата")
        return value

    def money(self, item: Item, name: str) -> Money:
        """Return a field that is a sum."""
        return as_money(self.need(item, name), f"{item}.{name}")

    def ask_all(self, items: tuple[Item, ...], names: tuple[str, ...]) -> None:
        """Raise for every unknown field at once: what is read one by one costs the portal a request each."""
        unknown = [
            value.reason
            for item in items
            for name in names
            if isinstance(value := self._facts.field(item, name), Undecided)
        ]
        if unknown:
            raise OpenError(", ".join(dict.fromkeys(unknown)))

    def warn(self, ru: str, en: str) -> None:
        """Say something to a person that stops nothing."""
        self.warnings.append(Said(ru, en))


def as_money(value: Value, name: str) -> Money:
    """Return a sum; raise OpenError, naming it, for anything else."""
    if not isinstance(value, Money):
        raise OpenError(f"{name}: не сумма")
    return value


def read_party(reading: Reading, company: Item) -> Row:
    """Return a party's names and requisites; those absent are blank, with one warning that lists them."""
    name, short = reading.blank(company, "name"), reading.blank(company, "short_name")
    if name is None and short is None:
        name = reading.need(company, "name")
    inn = reading.need(company, "inn")
    values: list[tuple[str, Value]] = [("name", name or short), ("short_name", short or name), ("inn", inn)]
    values += [(key, reading.blank(company, key)) for key in BLANKABLE]
    # An individual entrepreneur (12-digit INN) has no KPP and is their own director.
    expected = set(BLANKABLE) - ({"kpp", "director"} if len(str(inn)) == ENTREPRENEUR_INN else set())
    absent = [key for key, value in values if value is None and key in expected]
    if absent:
        reading.warn(
            f"{short or name}: в документе пустое место, нет реквизитов: "
            + ", ".join(BLANKABLE[key] for key in absent),
            f"{short or name}: left blank in the document, requisites absent: {', '.join(absent)}",
        )
    return Row(tuple(values))


def read_spoken_party(reading: Reading, company: Item) -> Row:
    """Return a party as a contract names it: its requisites, and in whose person and by what it acts.

    An entrepreneur acts in their own person, by the entry in the register that the sheet names itself.
    """
    party = read_party(reading, company)
    spoken = [(name, reading.blank(company, name)) for name in SPOKEN]
    if len(str(party.get("inn"))) != ENTREPRENEUR_INN and any(value is None for _, value in spoken):
        reading.warn(
            f"{party.get('short_name')}: «в лице … действующего на основании …» в договоре пустое место",
            f"{party.get('short_name')}: who signs and by what authority is left blank in the contract",
        )
    return Row((*party.values, *spoken))


def read_contract(reading: Reading, item: Item) -> dict[str, Value]:
    """Return number and date of the contract of the item or of its deal, None where there is none."""
    deal, contract = reading.blank(item, "deal"), reading.blank(item, "contract")
    if contract is None and isinstance(deal, Item):
        contract = reading.blank(deal, "contract")
    if not isinstance(contract, Item):
        return {"contract_number": None, "contract_date": None}
    return {
        "contract_number": reading.blank(contract, "number"),
        "contract_date": reading.blank(contract, "date"),
    }


def read_basis(reading: Reading, item: Item) -> dict[str, Value]:
    """Read what the work was done under: the contract of the item or of its deal, and the stage, if any."""
    found = read_contract(reading, item)
    if found["contract_number"] is None:
        reading.warn(f"{item}: нет договора, основание не указано", f"{item}: no contract, basis left out")
    deal = reading.blank(item, "deal")
    # «Этап 1» of a deal that has one stage only puzzles the client.
    has_stages = not isinstance(deal, Item) or reading.blank(deal, "stage_plan") is not None
    return {**found, "stage_no": reading.blank(item, "stage_no") if has_stages else None}
