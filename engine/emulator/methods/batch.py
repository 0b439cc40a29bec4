"""`batch`: up to fifty calls in one request, later ones fed by the results of earlier ones.

Decides order, references, and the shape of the answer. Each command is a change of its own: what was done
before a failure stays done.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.emulator.calling import Call, Method
from engine.emulator.errors import RestError
from engine.emulator.php import items_of, mapping, parse_query, printable

LONGEST = 50

if TYPE_CHECKING:
    from engine.emulator.portal import Answer

_REFERENCE = re.compile(r"\$result((?:\[[^\]]*\])+)")
_STEP = re.compile(r"\[([^\]]*)\]")


def _follow(path: str, results: Mapping[str, object]) -> object:
    here: object = results
    for step in _STEP.findall(path):
        if isinstance(here, Mapping):
            here = here.get(step)
        elif isinstance(here, list) and step.isdigit() and int(step) < len(here):
            here = here[int(step)]
        else:
            return None
    return here


def _fill(value: object, results: Mapping[str, object]) -> object:
    """A value with its references put in: a lone one keeps its type, one inside text becomes text."""
    if isinstance(value, Mapping):
        return {key: _fill(item, results) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, results) for item in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return _follow(whole[1], results)

    def as_text(match: re.Match[str]) -> str:
        found = _follow(match[1], results)
        return "" if found is None or isinstance(found, Mapping | list) else str(found)

    return _REFERENCE.sub(as_text, value)


def _is_true(value: object) -> bool:
    return str(value).lower() in ("1", "true", "y")


def _run_command(call: Call, command: str, position: int, results: Mapping[str, object]) -> Answer:
    if position >= LONGEST:
        raise RestError(400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
    name, _, query = command.partition("?")
    return call.portal.call(
        call.caller,
        name.strip().strip("/").removesuffix(".json"),
        mapping(_fill(parse_query(query), results)),
        base_url=call.base_url,
        in_batch=True,
    )


def run_batch(call: Call) -> object:
    """Run the commands of ``cmd`` in their order; with ``halt`` stop at the first failure.

    Keys that failed are in `result_error` only; maps whose keys are 0..n-1 are printed as lists by the
    transport.
    """
    results: dict[str, object] = {}
    errors: dict[str, object] = {}
    totals: dict[str, object] = {}
    following: dict[str, object] = {}
    times: dict[str, object] = {}
    halts = _is_true(call.loose("halt", "0"))
    for position, (key, raw) in enumerate(items_of(call.loose("cmd"))):
        try:
            answer = _run_command(call, str(raw), position, results)
        except RestError as error:
            errors[key] = error.body()
            if halts:
                break
            continue
        results[key] = printable(answer.result)
        times[key] = answer.time
        if answer.total is not None:
            totals[key] = answer.total
        if answer.next is not None:
            following[key] = answer.next
    return {
        "result": results,
        "result_error": errors,
        "result_total": totals,
        "result_next": following,
        "result_time": times,
    }


METHODS = (Method("batch", "", run_batch, in_batch=False),)
