"""The pytest fixture `reglament_portal`: the emulated portal for tests of any program that talks to a portal.

Loaded by every pytest run where the package is installed, so nothing heavy is imported before a test asks for the
fixture. Knows the emulator and nothing of the engine: whose program is tested does not matter here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from engine.emulator.person import Person
    from engine.emulator.portal import Portal
    from engine.emulator.serve import PortalServer

_MARKER = "reglament_portal(company='demo', limits='off', tls=False, policies={})"


class RunningPortal:
    """A portal that answers over HTTP beside the test. What the test does here itself costs no limit."""

    def __init__(self, server: PortalServer) -> None:
        self._server = server
        self.portal: Portal = server.portal
        """The portal's insides: its clock, store and policies."""

    @property
    def url(self) -> str:
        """The portal's address without a final slash."""
        return self._server.url

    @property
    def webhook(self) -> str:
        """The address of an inbound webhook with every scope, with a final slash."""
        return self._server.webhook_url

    @property
    def ca_file(self) -> Path | None:
        """The certificate to trust where the portal speaks TLS (`REQUESTS_CA_BUNDLE`, `SSL_CERT_FILE`)."""
        return self._server.ca_file

    @property
    def now(self) -> datetime:
        """The portal's time, in its own zone; it runs on and `advance` pushes it."""
        return self.portal.clock.now()

    def call(self, method: str, params: Mapping[str, object] | None = None) -> object:
        """Carry out a method as the webhook would and return its ``result``.

        Raises `engine.emulator.errors.RestError` with ``status``, ``code`` and ``text`` where the portal refuses.
        """
        user, secret = self.webhook.rstrip("/").rsplit("/", 2)[1:]
        caller = self.portal.caller(user, secret)
        return self.portal.call(caller, method, params or {}, base_url=self.url).result

    def person(self, user: int = 1) -> Person:
        """An employee at work in the portal's own interface: changes of theirs raise events too."""
        from engine.emulator.person import Person

        return Person(self.portal, user)

    def events_to(self, url: str, *, token: str | None = None, events: Sequence[str] = ()) -> None:
        """Post events to `url` from now on, as an outgoing webhook with this ``application_token``.

        Without `events`: adding, changing and deleting deals, items of smart processes, invoices and companies.
        """
        from engine.emulator.demo import set_receiver

        set_receiver(self.portal, url, token, tuple(events))

    def settle(self, timeout: float = 10.0) -> bool:
        """Wait until every event was posted or had failed; false if that took longer than `timeout` seconds."""
        return self.portal.deliveries.settle(timeout)

    def deliveries(self) -> list[dict[str, object]]:
        """What became of every event so far: event, handler, body, status, error, in order."""
        return [dict(row) for row in self.portal.store.rows("delivery")]

    def advance(self, by: timedelta) -> datetime:
        """Push the portal's clock on; returns its new time. Limits go by real time and feel nothing."""
        return self.portal.clock.advance(by)

    def faults(
        self,
        *,
        calls: Sequence[Mapping[str, object]] = (),
        posts: Sequence[Mapping[str, object]] = (),
        seed: int = 0,
    ) -> None:
        """Fail from now on as these rules say (docs/faults.md); without rules, no longer fail.

        Raises `engine.emulator.faultfile.FaultFileError` where a rule cannot be.
        """
        from engine.emulator.faultfile import as_text, parse_faults

        rules = {"seed": seed, "calls": [dict(one) for one in calls], "posts": [dict(one) for one in posts]}
        self.portal.use_faults(parse_faults(as_text(rules)) if calls or posts else None)


def pytest_configure(config: pytest.Config) -> None:
    """The fixture's marker is known to `--strict-markers`."""
    config.addinivalue_line("markers", f"{_MARKER}: what kind of portal the fixture of this name starts.")


@pytest.fixture
def reglament_portal(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningPortal]:
    """A portal of this test alone, on a free port of this machine, with the demo company unless marked otherwise."""
    from engine.emulator import open_portal
    from engine.emulator.company import demo_company, empty_company
    from engine.emulator.serve import PortalServer

    marker = request.node.get_closest_marker("reglament_portal")
    asked = {"company": "demo", "limits": "off", "tls": False, "policies": {}} | (
        marker.kwargs if marker else {}
    )
    if (
        len(asked) != 4
        or asked["company"] not in ("demo", "empty")
        or asked["limits"] not in ("real", "off")
        or (marker is not None and marker.args)
    ):
        raise pytest.UsageError(f"the marker is {_MARKER}; company may be 'empty', limits 'real'")
    seed = demo_company() if asked["company"] == "demo" else empty_company()
    ca_file = tmp_path_factory.mktemp("portal") / "ca.pem" if asked["tls"] else None
    with ExitStack() as stack:
        portal = stack.enter_context(
            open_portal(None, seed, limits="real" if asked["limits"] == "real" else "off")
        )
        portal.set_policies(**asked["policies"])
        yield RunningPortal(stack.enter_context(PortalServer(portal, ca_file=ca_file)))
