"""What a company is called and where its bank is: requisites beside the company's own fields.

Decides which requisite counts and how a folder name stays apart from a namesake's. Pure. The portal keeps
these in objects of their own: `crm.requisite` of the company, `crm.requisite.bankdetail` of the requisite
(PROTOCOL §4.6).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.language.types import EntitySpec, FieldSpec
from engine.language.values import Undecided, Value

PortalRow = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Papers:
    """What was read beside a company: each part is None where nobody read it or the read failed."""

    requisites: Sequence[PortalRow] | None = None
    banks: Sequence[PortalRow] | None = None
    namesakes: Sequence[PortalRow] | None = None


def decode_papers(spec: EntitySpec, company_id: str, papers: Papers) -> dict[str, Value]:
    """Return the fields bound to `requisite`, `bank` and `unique`.

    A blank one is empty. Without any requisite, required fields are undecided (a document must not go out
    nameless) and optional ones empty. A part not read is absent from the result.
    """
    fields: dict[str, Value] = {}
    requisite = own_requisite(papers.requisites, company_id)
    bank = _own(papers.banks, str(requisite.get("ID")) if requisite else "")
    for name, field in spec.fields.items():
        if "requisite" in field.binding and papers.requisites is not None:
            fields[name] = _text(field, requisite, field.binding["requisite"], f"company/{company_id}")
        elif "bank" in field.binding and papers.banks is not None:
            fields[name] = _text(field, bank, field.binding["bank"], f"company/{company_id}")
    for name, field in spec.fields.items():
        if "unique" in field.binding and papers.requisites is not None:
            fields[name] = _unique(field, fields, company_id, papers.namesakes)
    return fields


def own_requisite(rows: Sequence[PortalRow] | None, company_id: str) -> PortalRow | None:
    """Return the company's first requisite; rows of other companies (an empty filter gives all) never
    count.
    """
    mine = [row for row in rows or () if str(row.get("ENTITY_ID")) == company_id]
    return min(mine, key=_number, default=None)


def _own(rows: Sequence[PortalRow] | None, requisite_id: str) -> PortalRow | None:
    mine = [row for row in rows or () if requisite_id and str(row.get("ENTITY_ID")) == requisite_id]
    return min(mine, key=_number, default=None)


def _number(row: PortalRow) -> int:
    text = str(row.get("ID"))
    return int(text) if text.isascii() and text.isdigit() else 0


def _text(field: FieldSpec, row: PortalRow | None, code: str, owner: str) -> Value:
    if row is None:
        return (
            None
            if field.is_optional
            else Undecided(f"{owner} has no requisites on the portal ({field.name})")
        )
    # A sole proprietor has no company name: of several codes the first that is filled counts.
    return next((text for key in code.split() if (text := str(row.get(key) or "").strip())), None)


def _unique(
    field: FieldSpec, fields: Mapping[str, Value], company_id: str, namesakes: Sequence[PortalRow] | None
) -> Value:
    name = fields.get(field.binding["unique"])
    if not isinstance(name, str):
        return name
    if namesakes is None:
        return Undecided(f"{field.name}: nobody could look for companies of the same name")
    if all(str(row.get("ENTITY_ID")) == company_id for row in namesakes):
        return name
    mark = fields.get(field.binding.get("distinguish", ""))
    return f"{name} (ИНН {mark})" if isinstance(mark, str) else f"{name} ({company_id})"
