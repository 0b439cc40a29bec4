"""Documents: a docx filled from an item at once, its PDF when the converter is done."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
from pypdf import PdfReader

HEADERS = {"User-Agent": "test/1", "Referer": "x"}


def docx(text):
    out = BytesIO()
    with ZipFile(out, "w") as made:
        made.writestr("word/document.xml", f"<w:document>{text}</w:document>")
    return b64encode(out.getvalue()).decode()


@pytest.fixture
def template(api):
    number = api.result(
        "crm.documentgenerator.numerator.add",
        fields={
            "name": "Акты",
            "template": "А-{NUMBER}",
            "settings": {"Bitrix_Main_Numerator_Generator_SequentNumberGenerator": {"start": 7, "length": 3}},
        },
    )["numerator"]
    fields = {
        "name": "Акт",
        "file": ["акт.docx", docx("{DocumentNumber}: {Title}, {CompanyTitle}, {Note}{Unknown}")],
        "numeratorId": number["id"],
        "region": "ru",
        "entityTypeId": ["2", "2_category_4"],
        "users": ["UA"],
    }
    return api.result("crm.documentgenerator.template.add", fields=fields)["template"]


def add(api, template, **more):
    given = {"templateId": template["id"], "entityTypeId": 2, "entityId": 1, **more}
    return api.result("crm.documentgenerator.document.add", **given)["document"]


def test_a_document_is_filled_and_its_pdf_comes_later(api, portal, template):
    made = add(api, template, values={"Note": "<срочно>"})
    assert (made["number"], isinstance(made["id"], int), "pdfUrlMachine" in made) == ("А-007", True, False)
    word = api.http.get(made["downloadUrlMachine"], headers=HEADERS)
    with ZipFile(BytesIO(word.content)) as found:
        text = found.read("word/document.xml").decode()
    assert text == "<w:document>А-007: Сделка 1, АО «Клиент», &lt;срочно&gt;</w:document>"
    early = api.result("crm.documentgenerator.document.get", id=made["id"])["document"]
    assert (early["id"], "pdfUrlMachine" in early) == (str(made["id"]), False)
    portal.clock.advance(timedelta(seconds=31))
    late = api.result("crm.documentgenerator.document.get", id=made["id"])["document"]
    pdf = api.http.get(late["pdfUrlMachine"], headers=HEADERS)
    reader = PdfReader(BytesIO(pdf.content))
    assert len(reader.pages) == 1
    assert reader.metadata.title == made["title"]


def test_numbers_go_on(api, template):
    assert [add(api, template)["number"] for _ in range(2)] == ["А-007", "А-008"]
    assert add(api, template, values={"DocumentNumber": "2026-001"})["number"] == "2026-001"
    assert add(api, template)["number"] == "А-009"


def test_documents_of_an_item_are_listed_made_again_and_deleted(api, portal, receiver, template):
    from engine.emulator.demo import set_receiver

    set_receiver(portal, receiver.url, events=("ONCRMDOCUMENTGENERATORDOCUMENTADD",))
    made = add(api, template)
    assert portal.deliveries.settle(10)
    assert receiver.posts[0]["data[FIELDS][ENTITY_ID]"] == "1"
    body = api.call(
        "crm.documentgenerator.document.list", select=["*"], filter={"entityTypeId": 2, "entityId": 1}
    )
    assert (body["total"], body["result"]["documents"][0]["number"]) == (1, "А-007")
    assert api.refusal("crm.documentgenerator.document.list", select=["entityTypeId"])[1] == "100"
    again = api.result("crm.documentgenerator.document.update", id=made["id"], values={"Note": "x"})[
        "document"
    ]
    assert (again["id"], again["number"]) == (str(made["id"]), "А-007")
    fields = api.result("crm.documentgenerator.document.getfields", id=made["id"])["documentFields"]
    assert (fields["DocumentNumber"]["value"], fields["Title"]["value"]) == ("А-007", "Сделка 1")
    api.result("crm.documentgenerator.document.delete", id=made["id"])
    assert api.refusal("crm.documentgenerator.document.get", id=made["id"]) == (
        400,
        "0",
        "Document not found",
    )


def test_a_public_link_opens_the_pdf_until_it_is_taken_back(api, template):
    made = add(api, template)
    link = api.result("crm.documentgenerator.document.enablepublicurl", id=made["id"], status=1)["publicUrl"]
    assert api.http.get(link).content.startswith(b"%PDF")
    api.result("crm.documentgenerator.document.enablepublicurl", id=made["id"], status=0)
    assert api.http.get(link).status_code == 404


def test_a_ready_document_is_attached(api):
    given = {"entityTypeId": 2, "entityId": 1, "region": "ru", "title": "Акт", "number": "5"}
    given |= {"fileContent": docx("x"), "pdfContent": b64encode(b"%PDF-own").decode()}
    made = api.result("crm.documentgenerator.document.upload", fields=given)["document"]
    assert api.http.get(made["pdfUrlMachine"], headers=HEADERS).content == b"%PDF-own"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"templateId": 99}, "Template not found"),
        ({"entityId": 999}, "No provider for entityTypeId 2"),
        ({"entityTypeId": 31, "entityId": 9}, "Template is not bound to this entityTypeId"),
    ],
)
def test_a_document_that_cannot_be(api, template, change, text):
    given = {"templateId": template["id"], "entityTypeId": 2, "entityId": 1} | change
    assert api.refusal("crm.documentgenerator.document.add", **given) == (400, "0", text)


@pytest.mark.parametrize(
    ("policy", "pair", "bare"), [("either", 200, 200), ("pair", 200, 400), ("base64", 400, 200)]
)
def test_the_file_of_a_template_is_a_policy(api, portal, template, policy, pair, bare):
    portal.set_policies(template_file=policy)
    for file, status in ((["a.docx", docx("x")], pair), (docx("x"), bare)):
        fields = {
            "name": "x",
            "file": file,
            "numeratorId": template["numeratorId"],
            "region": "ru",
            "entityTypeId": ["2"],
        }
        assert api.post("crm.documentgenerator.template.add", fields=fields).status_code == status


def test_templates_are_a_map_by_id_for_administrators(api, server, template):
    body = api.call("crm.documentgenerator.template.list", filter={"active": "Y"}, select=["id", "name"])
    assert (list(body["result"]["templates"]), body["total"]) == ([template["id"]], 1)
    narrow = api.http.post(f"{server.url}/rest/2/narrow/crm.documentgenerator.template.list", json={})
    assert narrow.json()["error"] == "DOCGEN_ACCESS_ERROR"
