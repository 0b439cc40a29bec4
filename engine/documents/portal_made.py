"""A document that the portal's own generator makes: asked for once, then waited for.

Decides how an earlier try is known again (by template and number among the item's documents) and when the PDF is there:
the portal makes it some time after the document. Until then the step waits and looks again; it never asks twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.action import Answer, Command, PluginError
from engine.drive import Asking
from engine.language.values import File

if TYPE_CHECKING:
    from engine.documents.writing import Printed

ADD, GET, LIST = (f"crm.documentgenerator.document.{verb}" for verb in ("add", "get", "list"))
# The vendor's page: ask again after 30 to 40 seconds.
SECONDS_TO_PDF = 35.0
MOST_PAGES = 20


class NotReadyError(PluginError):
    """The document is there, its PDF is not yet: the engine looks again after `retry_after` seconds."""

    retry = True
    retry_after = SECONDS_TO_PDF


@dataclass(frozen=True, slots=True)
class PortalOrder:
    """A document to be made: the item by its portal type and id, the portal's template, number and texts."""

    type_id: int
    item_id: str
    template_id: str
    number: str
    values: Mapping[str, str]


def order_of(type_id: int, item_id: str, template_id: str, sheet: Mapping[str, Printed]) -> PortalOrder:
    """Return the order whose template may name `{DocumentNumber}` and every plain text of the sheet."""
    texts = {name: text for name, text in sheet.items() if isinstance(text, str) and name != "mark"}
    number = str(sheet["number"])
    return PortalOrder(type_id, item_id, template_id, number, {**texts, "DocumentNumber": number})


def make_on_portal(order: PortalOrder) -> Asking[File]:
    """Ask for the document and return its PDF. Raises NotReadyError until the portal has made it."""
    params = {
        "templateId": order.template_id,
        "entityTypeId": order.type_id,
        "entityId": order.item_id,
        "values": dict(order.values),
        "stampsEnabled": 0,
    }
    made = yield [Command("document", ADD, params, writes=True, assume={"document": {"id": 0}})]
    return (yield from _finished(_row(made[0]), "made"))


def find_on_portal(order: PortalOrder) -> Asking[File | None]:
    """Return the PDF of the document that an earlier try made, None where it surely made none.

    Raises NotReadyError where it is there without its PDF.
    """
    start = 0
    for page in range(MOST_PAGES):
        where = {"entityTypeId": order.type_id, "entityId": order.item_id}
        params = {"select": ["*"], "filter": where, "order": {"id": "desc"}, "start": start}
        answers = yield [Command(f"documents_{page}", LIST, params, assume={"documents": []})]
        result = answers[0].result
        rows = result.get("documents") if isinstance(result, Mapping) else None
        known = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
        for row in known:
            if str(row.get("number")) == order.number and str(row.get("templateId")) == order.template_id:
                return (yield from _finished(row, f"found_{page}"))
        if len(known) < 50:
            return None
        start += 50
    raise PluginError("document", "render", f"у элемента больше {MOST_PAGES * 50} документов: не просмотрены")


def _finished(row: Mapping[str, object], command: str) -> Asking[File]:
    number = str(row.get("id") or "")
    answers = yield [Command(command, GET, {"id": number}, assume={"document": {"pdfUrlMachine": "-"}})]
    held = _row(answers[0])
    if held.get("isTransformationError") in (True, "Y", 1, "1"):
        raise PluginError("document", "render", f"портал не смог сделать PDF документа {number}")
    if not held.get("pdfUrlMachine"):
        raise NotReadyError("document", "render", f"портал ещё делает PDF документа {number}")
    return File(f"{held.get('title') or number}.pdf", kind="pdf", source=f"document:{number}")


def _row(answer: Answer) -> Mapping[str, object]:
    held = answer.result.get("document") if isinstance(answer.result, Mapping) else None
    return held if isinstance(held, Mapping) else {}
