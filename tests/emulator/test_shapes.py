"""Our own recorded table: what every method is asked and answers, as shapes, kept in ``shapes.json``.

The vendor's samples are not part of the repository; this table is, so a clone alone notices an answer whose members or
types changed. ``python -m tests.emulator.test_shapes`` writes it anew; the difference is then read by a person.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.emulator.calls import CALLS, World, params_of
from tests.emulator.shapes import shape_of

TABLE = Path(__file__).with_name("shapes.json")
NAMES = {"disk/uploadFile.step1_url": "disk.folder.uploadFile"}


def record(api, name, params):
    given = params_of(World(api), params)
    body = api.call(NAMES.get(name, name), **given)
    envelope = sorted(key for key in body if key not in ("result", "time"))
    return {"request": shape_of(given), "response": shape_of(body["result"]), "beside": envelope}


@pytest.mark.parametrize(("name", "params"), [call[:2] for call in CALLS], ids=[call[0] for call in CALLS])
def test_the_answer_is_as_recorded(api, name, params):
    assert record(api, name, params) == json.loads(TABLE.read_text("utf-8"))[name]


def test_the_table_is_whole():
    assert set(json.loads(TABLE.read_text("utf-8"))) == {call[0] for call in CALLS}


def write_table():
    """Every call on a fresh portal; the table is written anew."""
    import httpx

    from engine.emulator import open_portal
    from engine.emulator.serve import PortalServer
    from tests.emulator.conftest import Api, tiny_company

    table = {}
    for name, params, _ in CALLS:
        with (
            open_portal(None, tiny_company()) as portal,
            PortalServer(portal) as server,
            httpx.Client(trust_env=False, timeout=20) as http,
        ):
            table[name] = record(Api(server.webhook_url, http), name, params)
    lines = [
        f"{json.dumps(name)}: {json.dumps(row, ensure_ascii=False)}" for name, row in sorted(table.items())
    ]
    TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


if __name__ == "__main__":
    write_table()
