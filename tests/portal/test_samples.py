"""The vendor's literal answers, where the shared samples are at hand."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from engine.action import Answer, Command
from engine.language.values import Money, Row
from engine.portal.client import PortalClient
from engine.portal.contents import Contents
from engine.portal.errors import PortalError
from engine.portal.gateway import Gateway
from engine.portal.requisites import own_requisite
from tests.portal.portal_case import MAP, ROOT, Reply, no_engine, running_stub

SAMPLES = ROOT.parent / "shared" / "portal" / "samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared portal samples are not here")


def sample(name: str) -> dict:
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"))


def test_users():
    rows = sample("user.get.json")["response"]["result"]
    assert [MAP.decode("user", row)["active"] for row in rows] == [True, True]
    assert MAP.decode("user", rows[0])["email"] == "v.r.valeev@bitrix.com"


def test_an_item():
    row = sample("crm.item.get.json")["response"]["result"]["item"]
    found = MAP.decode("deal", row)
    assert found["amount"] == Money(Decimal("999.90"), "USD")
    assert (found["client"], found["manager"].id, found["id"]) == (None, "1", "250")
    assert MAP.decode("company", row)["email"] == "admin@example.com"


def test_product_rows():
    lines = MAP.decode_lines(sample("crm.item.productrow.list.json")["response"]["result"], "RUB")
    assert all(isinstance(line, Row) for line in lines)
    assert lines[0].get("amount") == Money(Decimal(270000), "RUB")
    assert lines[0].get("vat") == Money(Decimal("24545.45"), "RUB")
    assert lines[1].get("vat") is None


def test_requisites():
    rows = sample("crm.requisite.list.json")["response"]["result"]
    assert own_requisite(rows, "3028")["ID"] == "41"
    assert own_requisite(rows, "1") is None


@pytest.mark.parametrize("name", ["linked.json", "error.halt0.json"])
def test_batches(name, tmp_path: Path):
    body = json.loads(
        json.dumps(sample(f"batch/{name}")["response"])
        .replace("get_user", "c_0")
        .replace("get_department", "c_1")
    )
    with running_stub(Reply(body=body)) as stub, PortalClient(stub.webhook_url) as client:
        gateway = Gateway(client, Contents(client, tmp_path), no_engine)
        outcomes = gateway.outcomes([Command("u", "user.current", {}), Command("d", "department.get", {})])
    if name == "linked.json":
        assert [type(outcome) for outcome in outcomes] == [Answer, Answer]
        assert outcomes[1].result == [{"ID": "1", "NAME": "DEMO", "SORT": 500}]
    else:
        assert [type(outcome) for outcome in outcomes] == [PortalError, PortalError]
        assert {outcome.code for outcome in outcomes} == {"insufficient_scope"}


def error_examples() -> list[tuple[str, dict]]:
    found = []
    for path in sorted(SAMPLES.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        example = content.get("error_example") if isinstance(content, dict) else None
        body = example.get("body") if isinstance(example, dict) else None
        if isinstance(body, dict) and "error" in body:
            found.append((path.stem, body))
    return found


def test_every_error_example_becomes_an_error():
    examples = error_examples()
    assert len(examples) > 50
    with running_stub(Reply()) as stub, PortalClient(stub.webhook_url) as client:
        for name, body in examples:
            stub.replies[:] = [Reply(400, body)]
            with pytest.raises(PortalError) as caught:
                client.call("crm.item.add", {})
            said = body["error"]
            assert caught.value.code == (said["code"] if isinstance(said, dict) else str(said)), name
            assert caught.value.retry == "never", name
