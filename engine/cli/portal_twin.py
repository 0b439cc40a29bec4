"""The twin asked the same questions as a live portal, for `engine portal record --compare`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.portal.questions import Question
    from engine.portal.recording import Recording

# What every portal has under the same number; smart processes have numbers of their own.
_BUILT_IN = frozenset([2, 3, 4, 31])


def ask_twin(
    kinds: Mapping[str, int], questions: Callable[[Mapping[str, int], str], Sequence[Question]]
) -> Recording:
    """Return what a twin with the demo company answers; a smart process that it has not got is asked of its acts."""
    import httpx

    from engine.emulator import open_portal
    from engine.emulator.company import demo_company
    from engine.emulator.company.structure import ACT_TYPE, CONTRACT_TYPE
    from engine.emulator.serve import PortalServer
    from engine.portal.client import PortalClient
    from engine.portal.recording import Ear, record

    its_own = _BUILT_IN | {ACT_TYPE, CONTRACT_TYPE}
    theirs = {name: number if number in its_own else ACT_TYPE for name, number in kinds.items()}
    ear = Ear(httpx.HTTPTransport())
    with (
        open_portal(None, demo_company()) as portal,
        PortalServer(portal) as server,
        PortalClient(server.webhook_url, transport=ear) as client,
    ):
        return record(client, ear, questions(theirs, "common"), {})
