"""Asking the running engine: a request is put into its inbox, and the answer waited for.

Decides what is said where no engine runs: the request stays, and the next start answers it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cli.mistakes import Mistake, state_mistake

if TYPE_CHECKING:
    from engine.cli.opening import Opening
    from engine.decision.forms import Json
    from engine.language.values import Value
    from engine.runtime.store import Store

PATIENCE = 60.0


@contextmanager
def open_state(opening: Opening, *, asks: bool = False) -> Iterator[Store]:
    """Yield the configured state, for reading or for asking beside a running engine. Raises Mistake where it cannot."""
    from engine.runtime.embedded import ASKS, READS
    from engine.runtime.opening import open_store
    from engine.runtime.store import StateError

    try:
        store = open_store(opening.settings(), mode=ASKS if asks else READS)
    except StateError as error:
        raise state_mistake(error, opening.language) from error
    try:
        yield store
    finally:
        store.close()


def ask_engine(
    opening: Opening,
    store: Store,
    verb: str,
    params: Mapping[str, Value],
    lane: str = "",
    *,
    seconds: float = PATIENCE,
) -> dict[str, Json] | None:
    """Return the engine's answer; None, said on stderr, where it did not come in time: the request stays.

    Raises Mistake for a request that the engine refuses.
    """
    from engine.runtime.inbox import ENGINE_LANE
    from engine.runtime.requests import ask, wait_for_answer

    if not is_running(opening, store):
        opening.say("engine_off")
        seconds = 0.0
    number = ask(store, verb, params, datetime.now(opening.settings().zone), lane=lane or ENGINE_LANE)
    answer = wait_for_answer(store, number, seconds)
    if answer is None:
        opening.say("asked_later", number=str(number))
    elif "error" in answer:
        raise Mistake("refused_request", 1, what=str(answer["error"]))
    return answer


def is_running(opening: Opening, store: Store) -> bool:
    """True while an engine works on the configured state, which `store` is."""
    from engine.runtime.embedded import is_owned
    from engine.runtime.opening import is_cluster

    settings = opening.settings()
    if is_cluster(settings):
        from engine.runtime.jobs import is_anybody_working

        return is_anybody_working(store, settings.takeover)
    return is_owned(Path(settings.state))
