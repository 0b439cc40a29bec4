"""The portal's own generator as a renderer, on the twin over HTTP: made once, its PDF waited for."""

from __future__ import annotations

import io
from base64 import b64encode
from datetime import timedelta
from typing import Any

import pypdf
import pytest

from engine import Command, Effect, Item, Value
from engine.documents.portal_made import ADD, GET, NotReadyError
from engine.emulator.faults import Fault, Request
from tests.plugins.action_case import make_setup
from tests.plugins.document_case import ACT, NOW, Store
from tests.plugins.document_facts import document, office
from tests.plugins.portal_case import DOUBTFUL, World, here
from tests.plugins.test_document_word import letter

__all__ = ["here"]
KEY = "document act 1"


def template_of(here: World) -> str:
    """A Word template on the portal, for acts."""

    def sent(method: str, fields: dict[str, object]) -> Any:
        return here.gateway.send([Command("one", method, {"fields": fields}, writes=True)])[0].result

    number = sent("crm.documentgenerator.numerator.add", {"name": "Акты", "template": "{NUMBER}"})[
        "numerator"
    ]
    content = b64encode(letter("Акт {DocumentNumber}: {words}")).decode()
    fields = {
        "name": "Акт", "file": ["act.docx", content], "numeratorId": number["id"], "region": "ru",
        "entityTypeId": ["1044"], "users": ["UA"],
    }  # fmt: skip
    return str(sent("crm.documentgenerator.template.add", fields)["template"]["id"])


def asked(here: World) -> tuple[Any, Effect]:
    """The action and its effect: an act of the demo company, by the portal's template."""
    acts = here.gateway.send([Command("acts", "crm.item.list", {"entityTypeId": 1044, "select": ["id"]})])[
        0
    ].result
    item = Item("act", str(acts["items"][0]["id"]))  # type: ignore[index]
    facts = office()
    facts.rows[item] = facts.rows[ACT]
    setup = make_setup(
        address=here.setup.map.address, document={"portal_templates": {"act": template_of(here)}}
    )
    action = document.Render(setup)
    here.engine.key = KEY
    effect = action.effect({"template": "act", "item": item, "renderer": "portal"}, facts)
    assert isinstance(effect, Effect), effect
    return action, effect


def documents(here: World) -> list[dict[str, Any]]:
    return [dict(row) for row in here.portal.store.rows("document")]


def carried_out(here: World, action: Any, effect: Effect) -> Value:
    result: Value = here.gateway.drive(action.commands(effect))
    return result


def test_the_step_waits_for_the_pdf_and_finds_it_again_by_its_number(here: World) -> None:
    action, effect = asked(here)
    with pytest.raises(NotReadyError) as caught:
        carried_out(here, action, effect)
    assert (caught.value.retry, caught.value.retry_after) == (True, 35.0)
    with pytest.raises(NotReadyError):
        here.probe(action, effect, KEY)
    here.portal.clock.advance(timedelta(seconds=31))
    found = here.probe(action, effect, KEY)
    assert len(documents(here)) == 1
    content = here.contents.read(found)  # type: ignore[arg-type]
    title = pypdf.PdfReader(io.BytesIO(content)).metadata
    assert title is not None
    assert "А-2026/043" in str(title.title)
    assert documents(here)[0]["values"]["words"].startswith("Сто пятьдесят три тысячи")


def test_a_pdf_that_is_there_at_once_is_kept(here: World) -> None:
    action, effect = asked(here)

    def pass_time(seen: Request) -> Fault | None:
        if seen.method == GET:
            here.portal.clock.advance(timedelta(seconds=31))
        return None

    here.portal.faults = pass_time
    carried_out(here, action, effect)
    source = here.engine.memory[f"document file {KEY}"]

    class Reaching(Store):
        def read(self, file: Any) -> bytes:
            assert file.source == source
            return here.contents.read(file)

    store = Reaching(key=KEY, now=NOW, memory=here.engine.memory)
    file = action.perform(effect, store)
    assert file.name == "Акт А-2026-043.pdf"
    assert store.kept[file.name].startswith(b"%PDF-")


def test_a_try_whose_answer_was_lost_is_found_and_not_repeated(here: World) -> None:
    action, effect = asked(here)
    here.break_off(action, effect, ADD, DOUBTFUL)
    assert len(documents(here)) == 1
    here.portal.clock.advance(timedelta(seconds=31))
    assert here.probe(action, effect, KEY) is not None
    assert len(documents(here)) == 1


def test_nothing_made_is_surely_nothing(here: World) -> None:
    action, effect = asked(here)
    assert here.probe(action, effect, KEY) is None


def test_a_template_that_the_portal_lacks_is_its_error(here: World) -> None:
    action, effect = asked(here)
    action._portal["act"] = "999"
    with pytest.raises(Exception, match="Template not found"):
        carried_out(here, action, effect)
