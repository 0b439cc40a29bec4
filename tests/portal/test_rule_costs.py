"""What an event costs by rule: the estimate against what the running reader really asks."""

from __future__ import annotations

from datetime import datetime

import pytest

from engine.cli.costs_text import cost_table
from engine.cli.opening import EXAMPLE, Opening
from engine.cli.options import Options
from engine.language.values import Item
from engine.rule_costs import RuleCost, rule_costs
from engine.runtime.occasions import whole_needs
from engine.workshop import shipped_folder
from tests.portal.portal_case import Site


@pytest.fixture(scope="module")
def shipped():
    workshop = Opening(Options(shipped_folder() / EXAMPLE, "en")).workshop(allow_example=True)
    edition = workshop.build().edition
    assert edition is not None
    return edition, {one.rule: one for one in rule_costs(edition, datetime.now(workshop.settings.zone))}


def test_the_reading_is_about_what_the_reader_asks(site: Site, shipped):
    edition, costs = shipped
    site.reader.read_case(Item("deal", "118"), whole_needs(edition, "deal"))
    # Told by the portal, the item's own row is looked at once more before.
    assert abs(costs["acts/nothing-to-issue"].reads - 1 - site.gateway.cost.reads) <= 3
    assert costs["acts/nothing-to-issue"].requests - 2 == site.gateway.cost.requests


def test_every_shipped_rule_is_told_and_what_does_more_costs_more(shipped):
    edition, costs = shipped
    assert list(costs) == [rule.id for rule in edition.rules]
    assert costs["acts/issue-documents"].writes > costs["acts/nothing-to-issue"].writes == 1
    assert costs["acts/issue-documents"].unsure == ()
    assert costs["acts/paid-by-hand"].unsure == ("invoice.mark_paid",)
    assert all(one.share == (one.reads + one.writes) / 50 for one in costs.values())


def test_the_table():
    table = cost_table([RuleCost("a/b", ("changed deal",), 15, 1, 4, ("x.y",))], "en").splitlines()
    assert table[1].split() == ["a/b", "changed", "deal", "15", "1", "4", "0.32", "not", "counting", "x.y"]
