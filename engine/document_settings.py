"""The section `documents` of a config: numbers, terms, VAT, templates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

from engine.language.source import ListNode, MapNode, ScalarNode
from engine.language.timing import parse_duration
from engine.language.values import Duration
from engine.setting_values import SettingValues
from engine.setup import DocumentSetup, VatRate


class DocumentValues(SettingValues):
    """A reading that knows the section `documents`."""

    def documents(self) -> DocumentSetup:
        """Return the section; what is wrong in it is a diagnostic."""
        numbers = {name: node.text for name, node in self.entries("documents", "numbers")}
        for name, node in self.entries("documents", "numbers"):
            try:
                numbers[name].format(year=2026, n=1)
            except (KeyError, ValueError, IndexError):
                self.refuse(node, node.text, "шаблон вида А-{year}/{n:03}", "a pattern like A-{year}/{n:03}")
        folder = self.text("documents", "templates")
        return DocumentSetup(
            numbers=numbers,
            due=self.due(),
            vat=self.vat(),
            prices_include_vat=self.one_of("documents", "prices_include_vat", ("true", "false"), "true")
            == "true",
            templates=(self.folder / folder).resolve() if folder else None,
            last_given=self.last_given(),
        )

    def entries(self, section: str, key: str) -> list[tuple[str, ScalarNode]]:
        """Return the texts of a map by their names."""
        node = self.findings.map(self.node(section, key))
        if node is None:
            return []
        return [(name, value) for name, (_, value) in node.entries.items() if isinstance(value, ScalarNode)]

    def due(self) -> Duration:
        """Return until when a signed act is to come back."""
        value = self.text("documents", "due", "5 workdays")
        duration = parse_duration(value)
        if duration is None:
            self.refuse(
                self.node("documents", "due"),
                value,
                "срок, например 5 workdays",
                "a delay such as 5 workdays",
            )
            return Duration(5, "workdays")
        return duration

    def vat(self) -> tuple[VatRate, ...]:
        """Return the rates, the oldest first."""
        node = self.findings.list(self.node("documents", "vat"))
        rates: list[VatRate] = []
        for member in node.members if isinstance(node, ListNode) else ():
            row = self.findings.map(member)
            first = self.findings.text(row.get("from")) if row else None
            rate = self.findings.text(row.get("rate")) if row else None
            if first is None or rate is None:
                continue
            try:
                percent = None if rate.text == "none" else Decimal(rate.text)
                rates.append(VatRate(date.fromisoformat(first.text), percent))
            except (ValueError, InvalidOperation):
                self.refuse(member, f"{first.text}, {rate.text}", "дата и ставка", "a date and a rate")
        return tuple(sorted(rates, key=lambda rate: rate.first))

    def last_given(self) -> dict[tuple[str, int], int]:
        """Return the last number given by kind and year, before the engine came."""
        found: dict[tuple[str, int], int] = {}
        node = self.findings.map(self.node("documents", "last_given"))
        for series, (_, years) in (node.entries if node else {}).items():
            if not isinstance(years, MapNode):
                self.findings.map(years)
                continue
            for year, (key, last) in years.entries.items():
                if isinstance(last, ScalarNode) and year.isdigit() and last.text.isdigit():
                    found[(series, int(year))] = int(last.text)
                else:
                    self.refuse(key, year, "год: последний выданный номер", "year: the last number given")
        return found
