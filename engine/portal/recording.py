"""A live portal's answers, kept as samples.

Decides in which order a portal is asked, that whatever was made is removed again, and what the file looks like. What
is asked is in `questions`, what of an answer may be kept in `masking`. It opens no file and knows no credentials.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import httpx

from engine.portal.client import PortalClient
from engine.portal.errors import PortalError
from engine.portal.masking import Sample, mask
from engine.portal.questions import Question, fill, take
from engine.portal.shapes import Json

SCHEMA = "reglament/recording/1"
_PACKING = ("content-encoding", "content-length", "transfer-encoding")


class Ear(httpx.BaseTransport):
    """Passes requests on to `inner` and keeps the last answer: a refusal's body is a sample as well."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self.last: tuple[int, bytes] | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the inner transport's answer, read to its end."""
        self.last = None
        response = self._inner.handle_request(request)
        content = response.read()
        response.close()
        self.last = (response.status_code, content)
        # What came packed is unpacked by now, so the answer must not say otherwise.
        headers = [pair for pair in response.headers.multi_items() if pair[0].lower() not in _PACKING]
        return httpx.Response(response.status_code, headers=headers, content=content)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


@dataclass(slots=True)
class Recording:
    """What was heard. `silent` are questions without an answer in JSON, with why; `unasked` those whose part in an
    earlier answer was not there; `left` what could not be removed again, with why.
    """

    samples: list[Sample] = field(default_factory=list)
    silent: dict[str, str] = field(default_factory=dict)
    unasked: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)


def record(
    client: PortalClient,
    ear: Ear,
    questions: Iterable[Question],
    known: Mapping[str, Json],
    tell: Callable[[Question], None] = lambda _: None,
) -> Recording:
    """Return the answers to the questions, unmasked; `ear` is the transport of `client`.

    `known` are parts to begin with, such as the id of an item to ask for. What was made is removed before the
    return, also where something is raised. `tell` is called before each question. Raises PortalError where the first
    question is not answered or the key is refused: then no other question will be. Later refusals are samples.
    """
    asking = _Asking(client, ear, dict(known), Recording())
    undos: list[tuple[Question, dict[str, Json]]] = []
    try:
        for question in questions:
            tell(question)
            sample = asking.ask(question)
            if asking.refused is not None and len(asking.heard.samples) == (sample is not None):
                raise asking.refused
            if sample is not None and question.undo is not None and sample.status == 200:
                params = fill(question.undo.params, asking.found)
                if params is None:
                    asking.heard.left[question.label] = "the answer does not tell the id"
                else:
                    undos.append((question.undo, params))
    finally:
        for undo, params in reversed(undos):
            asking.take_away(undo, params)
    return asking.heard


@dataclass(slots=True)
class _Asking:
    client: PortalClient
    ear: Ear
    found: dict[str, Json]
    heard: Recording
    refused: PortalError | None = None

    def ask(self, question: Question) -> Sample | None:
        params = fill(question.params, self.found)
        if params is None:
            self.heard.unasked.append(question.label)
            return None
        return self._ask(question, params)

    def take_away(self, undo: Question, params: dict[str, Json]) -> None:
        sample = self._ask(undo, params)
        if sample is None or sample.status != 200:
            why = self.heard.silent.get(undo.label) or f"HTTP {sample.status if sample else '?'}"
            self.heard.left[f"{undo.method} {json.dumps(params)}"] = why

    def _ask(self, question: Question, params: dict[str, Json]) -> Sample | None:
        self.refused = None
        try:
            self.client.call(question.method, params, writes=question.is_write)
        except PortalError as error:
            self.refused = error
        answer = _answer_of(self.ear.last)
        if answer is None:
            self.heard.silent[question.label] = str(self.refused or "")
            return None
        status, body = answer
        for name, steps in question.gives.items():
            part = take(body, steps)
            if part is not None:
                self.found.setdefault(name, part)
        sample = Sample(question.method, question.label, params, status, body)
        self.heard.samples.append(sample)
        return sample


def _answer_of(heard: tuple[int, bytes] | None) -> tuple[int, dict[str, Json]] | None:
    if heard is None:
        return None
    try:
        body = json.loads(heard[1])
    except ValueError:
        return None
    return (heard[0], body) if isinstance(body, dict) else None


def write_recording(
    samples: Sequence[Sample],
    secrets: Iterable[str] = (),
    *,
    only: Callable[[str], bool] = lambda _: True,
    is_whole: bool = False,
) -> dict[str, str]:
    """Return the text of one file a method, by the method's name; with `is_whole` of one file, named ``.

    The samples are masked here, all together; then `only` chooses by the method. Raises AssertionError where one of
    `secrets` (the portal's name, the webhook's key) would stand in a file.
    """
    by_file: dict[str, list[Sample]] = {}
    for sample in mask(samples):
        if only(sample.method):
            by_file.setdefault("" if is_whole else sample.method.lower(), []).append(sample)
    texts = {name: _text(of_it) for name, of_it in by_file.items()}
    for name, text in texts.items():
        if any(secret and secret in text for secret in secrets):
            raise AssertionError(f"a secret would stand in the samples of {name or 'the recording'}")
    return texts


def _text(samples: Sequence[Sample]) -> str:
    forms = [
        {
            "method": one.method,
            "label": one.label,
            "request": dict(one.request),
            "status": one.status,
            "response": one.response,
        }
        for one in samples
    ]
    return json.dumps({"schema": SCHEMA, "samples": forms}, ensure_ascii=False, indent=1) + "\n"


def read_recording(text: str) -> tuple[Sample, ...]:
    """Return the samples of a written file. Raises ValueError where it is none."""
    form = json.loads(text)
    if not isinstance(form, dict) or form.get("schema") != SCHEMA:
        raise ValueError(f"not a recording: the schema {SCHEMA} is missing")
    return tuple(
        Sample(one["method"], one["label"], one["request"], one["status"], one["response"])
        for one in form["samples"]
    )
