"""What the portal holds that old documents may belong to: companies, items of the register, deals.

Reads only, fifty commands a request, and asks for no more than the rows at hand name. Which of it fits is
`legacy.py`'s to decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from engine.action import Command
from engine.language.values import Item
from engine.portal.gateway import Gateway
from engine.portal.map import PortalMap
from engine.registers.legacy import ENTITIES, Client, Held, Known, Old, key_of
from engine.runtime.intents import DONE, Intents
from engine.runtime.store import Store

_PAGE: Final = 50
_CHUNK: Final = 20
_COMPANY: Final = 4
_T = TypeVar("_T")


@dataclass(frozen=True)
class Archive:
    """The live portal and the state beside it, as far as taking in old documents asks for them."""

    gateway: Gateway
    portal: PortalMap
    store: Store

    def known(self, rows: Sequence[Old], register: str) -> Known:
        """Return what is known of the rows' clients, documents and deals. Raises PortalError."""
        clients = self._clients()
        known = Known(clients=clients, held=self._held(rows, register), done=self._done(rows))
        return replace(known, deals=self._deals(rows))

    def _clients(self) -> list[Client]:
        """All companies by their first requisites: a name is compared with more than the portal's filter can."""
        names = self._codes("short_name")
        inn = self._codes("inn")[0]
        found: dict[str, Client] = {}
        last = 0
        while True:
            wanted = {
                "order": {"ID": "ASC"}, "filter": {"ENTITY_TYPE_ID": _COMPANY, ">ID": last},
                "select": ["ID", "ENTITY_ID", *names, inn], "start": -1,
            }  # fmt: skip
            rows = self._list(Command("requisites", "crm.requisite.list", wanted, assume=[]))
            for row in rows:
                company = str(row.get("ENTITY_ID"))
                name = next((text for code in names if (text := str(row.get(code) or "").strip())), "")
                found.setdefault(company, Client(company, name, str(row.get(inn) or "").strip()))
            if len(rows) < _PAGE:
                return [found[one] for one in sorted(found, key=lambda text: (len(text), text))]
            last = int(str(rows[-1]["ID"]))

    def _codes(self, field: str) -> list[str]:
        spec = self.portal.world.field("company", field)
        codes = (spec.binding.get("requisite") or "").split() if spec is not None else []
        return codes or {"inn": ["RQ_INN"]}.get(field, ["RQ_COMPANY_NAME", "RQ_NAME"])

    def _list(self, command: Command) -> list[Mapping[str, object]]:
        result = self.gateway.send([command])[0].result
        return [row for row in result if isinstance(row, Mapping)] if isinstance(result, list) else []

    def _held(self, rows: Sequence[Old], register: str) -> list[Held]:
        """Items of the register that bear one of the rows' numbers."""
        entity = ENTITIES[register]
        numbers = list(dict.fromkeys(row.number for row in rows if row.number))
        asked: list[tuple[str, dict[str, object]]] = [
            (f"held_{at}", {f"@{self._field(entity, 'number')}": chunk})
            for at, chunk in enumerate(_chunks(numbers, _CHUNK))
        ]
        return [self._item(entity, row) for row in self._all(entity, asked)]

    def _item(self, entity: str, row: Mapping[str, object]) -> Held:
        values = self.portal.decode(entity, row)
        client = values.get("client" if entity == "act" else "counterparty")
        issued = values.get("date")
        return Held(
            str(row.get("id")),
            str(values.get("number") or ""),
            issued if issued is not None and hasattr(issued, "year") else None,  # type: ignore[arg-type]
            client.id if isinstance(client, Item) else "",
            any(values.get(name) is not None for name in ("scan", "document") if name in values),
        )

    def _deals(self, rows: Sequence[Old]) -> dict[tuple[str, str], tuple[str, ...]]:
        """Deals by their client and the text that names them: an id, else the whole title."""
        texts = list(dict.fromkeys(row.deal for row in rows if row.deal))
        asked: list[tuple[str, dict[str, object]]] = []
        for at, text in enumerate(texts):
            asked.append((f"title_{at}", {f"={self._field('deal', 'title')}": text}))
            if text.isascii() and text.isdigit():
                asked.append((f"id_{at}", {"=id": int(text)}))
        found: dict[tuple[str, str], dict[str, None]] = {}
        wanted = set(texts)
        for row in self._all("deal", asked):
            values = self.portal.decode("deal", row)
            client, number = values.get("client"), str(row.get("id"))
            for text in {number, str(values.get("title") or "")} & wanted:
                if isinstance(client, Item):
                    found.setdefault((client.id, text), {})[number] = None
        return {place: tuple(numbers) for place, numbers in found.items()}

    def _field(self, entity: str, name: str) -> str:
        spec = self.portal.world.field(entity, name)
        assert spec is not None
        return spec.binding["field"]

    def _all(
        self, entity: str, asked: Sequence[tuple[str, dict[str, object]]]
    ) -> Iterator[Mapping[str, object]]:
        """Yield the rows that meet any of the filters; those with a full page are asked for the next one."""
        waiting = list(asked)
        while waiting:
            commands = [self._page(entity, name, wanted) for name, wanted in waiting]
            answers = [one for chunk in _chunks(commands, _PAGE) for one in self.gateway.send(chunk)]
            further: list[tuple[str, dict[str, object]]] = []
            for (name, wanted), answer in zip(waiting, answers, strict=True):
                rows = answer.result.get("items") if isinstance(answer.result, Mapping) else None
                page = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
                yield from page
                if len(page) == _PAGE:
                    further.append((name, {**wanted, ">id": int(str(page[-1]["id"]))}))
            waiting = further

    def _page(self, entity: str, name: str, wanted: Mapping[str, object]) -> Command:
        spec = self.portal.world.entities[entity]
        codes = {one.binding["field"] for one in spec.fields.values() if "field" in one.binding}
        params = {
            "entityTypeId": spec.type_id, "select": sorted({*codes, "id"}), "filter": wanted,
            "order": {"id": "ASC"}, "start": -1, "useOriginalUfNames": "N",
        }  # fmt: skip
        return Command(name, "crm.item.list", params, assume={"items": []})

    def _done(self, rows: Sequence[Old]) -> frozenset[str]:
        """The keys of files that were taken in before."""
        intents = Intents(self.store)
        keys = {key_of(str(row.content.sha256), row.number) for row in rows if row.content is not None}
        return frozenset(key for key in keys if intents.find(key).state == DONE)


def _chunks(things: Sequence[_T], size: int) -> Iterator[list[_T]]:
    for start in range(0, len(things), size):
        yield list(things[start : start + size])
