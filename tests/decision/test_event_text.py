"""An event with its facts written as an event file and read again leads to the same simulation, byte for byte."""

import pytest

from engine.decision.event_file import read_event
from engine.decision.event_text import event_form
from engine.decision.facts import Facts
from engine.decision.forms import simulation_json, write_json
from engine.decision.simulation import simulate
from tests.regulations.golden import bench, names, simulate_example


def text_of(simulation, edition):
    return write_json(simulation_json(simulation, edition.hash, edition.actions, {}))


@pytest.mark.parametrize("name", names())
def test_every_shipped_example_written_and_read_again_is_decided_alike(name):
    workshop, edition = bench()
    first = simulate_example(name).simulation
    form = event_form(first.decision.event, first.facts)
    settings = workshop.settings
    given = read_event(
        "again.json", write_json(form).encode(), settings.world, settings.zone, workshop.host.received
    )
    assert given.diagnostics == []
    assert given.event == first.decision.event
    facts = Facts(
        settings.world, workshop.derivations, workshop.calendar, given.event.time, given.items, given.roots
    )
    assert text_of(simulate(edition, given.event, facts), edition) == text_of(first, edition)
