"""fast-bitrix24's own throttle against the twin's real limits: it was written for a portal's, so it must suffice here."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import asynccontextmanager

import aiohttp
import pytest
from fast_bitrix24 import BitrixAsync

from engine.emulator import open_portal
from engine.emulator.company import demo_company
from tests.foreign.conftest import fill_bucket


@pytest.fixture
def portal():
    with open_portal(None, demo_company(), limits="real") as found:
        yield found


@asynccontextmanager
async def counting(webhook):
    """The client, and the statuses of its answers, by a session as its users may give it."""
    statuses = Counter()

    async def note(_session, _context, answered):
        statuses[answered.response.status] += 1

    # The client's session raises for every status of 400 and more.
    async def note_refusal(_session, _context, refused):
        statuses[getattr(refused.exception, "status", 0)] += 1

    tracing = aiohttp.TraceConfig()
    tracing.on_request_end.append(note)
    tracing.on_request_exception.append(note_refusal)
    async with aiohttp.ClientSession(raise_for_status=True, trace_configs=[tracing]) as session:
        yield BitrixAsync(webhook, verbose=False, client=session), statuses


def test_one_call_after_another_is_never_refused(server):
    async def work():
        async with counting(server.webhook_url) as (bitrix, statuses):
            begun = time.monotonic()
            for _ in range(57):
                await bitrix.call("profile", {}, raw=True)
            return statuses, time.monotonic() - begun

    statuses, seconds = asyncio.run(work())
    assert statuses == {200: 57}
    # Fifty at once, the rest at two a second.
    assert seconds > 3


def test_thousands_of_deals_are_written_and_read_within_the_limits(server):
    async def work():
        async with counting(server.webhook_url) as (bitrix, statuses):
            made = await bitrix.call("crm.deal.add", [{"fields": {"TITLE": f"{n}"}} for n in range(2400)])
            found = await bitrix.get_all("crm.deal.list", {"select": ["ID"], "filter": {">=ID": min(made)}})
            return statuses, len(found)

    statuses, found = asyncio.run(work())
    assert found == 2400
    # 48 batches of writing, a first page, one batch of further pages.
    assert statuses == {200: 50}


def test_a_bucket_that_others_filled_refuses_it_until_it_waits_long_enough(server, portal):
    """Applications on one address share the bucket; this client cannot know and must come through by retrying."""

    async def work():
        async with counting(server.webhook_url) as (bitrix, statuses):
            fill_bucket(portal)
            assert (await bitrix.call("profile", {}, raw=True))["result"]["ID"] == "1"
            return statuses

    statuses = asyncio.run(work())
    assert statuses[503] >= 1
    assert statuses[200] == 1


def test_a_method_over_its_run_time(server, portal):
    portal.meter.add("1/demo", "crm.deal.list", 481)

    async def work():
        async with counting(server.webhook_url) as (bitrix, statuses):
            assert await bitrix.get_all("crm.company.list", {"select": ["ID"]})
            with pytest.raises(aiohttp.ClientResponseError, match="429"):
                await bitrix.get_all("crm.deal.list", {"select": ["ID"]})
            # It does not try again: only a status of 500 and more is worth that to it.
            assert statuses[429] == 1

    asyncio.run(work())
