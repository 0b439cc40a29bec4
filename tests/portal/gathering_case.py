"""A portal behind an httpx transport that keeps every command it was sent and answers each with its own tag."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import httpx

from engine.action import Command, Ref
from engine.portal.client import PortalClient
from engine.portal.gateway import Gateway, Outcome
from engine.portal.gathering import Gathering
from engine.portal.pace import Pace
from engine.portal.resting import Rests
from tests.portal.twin_case import NoFiles, no_engine

READ, WRITE = "crm.item.get", "crm.item.update"


def command(tag: str, method: str = READ, *, of: str = "", is_alone: bool = False) -> Command:
    """A command that the portal answers with `tag`, and with the tag of the command `of`, if it has one."""
    params: dict[str, object] = {"tag": tag}
    if of:
        params["of"] = Ref(of, ("tag",))
    if is_alone:
        params["files"] = {"0": []}
    return Command(tag, method, params, writes=method == WRITE)


@dataclass
class Echo:
    """The portal: `refused` are tags it has no answer for, `lose` says which requests' answers get lost."""

    refused: set[str] = field(default_factory=set)
    lose: Callable[[Sequence[str]], bool] = lambda tags: False
    times: Mapping[str, object] = field(default_factory=dict)
    delay: float = 0.0
    requests: list[list[str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def tags(self) -> list[str]:
        return [tag for request in self.requests for tag in request]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.delay:
            time.sleep(self.delay)
        method = request.url.path.rpartition("/")[2]
        params = json.loads(request.content)
        if method != "batch":
            return self._plain(method, params)
        asked = {key: _parse(text) for key, text in params["cmd"].items()}
        tags = [given["tag"] for _, given in asked.values()]
        with self.lock:
            self.requests.append(tags)
        if self.lose(tags):
            raise httpx.ReadTimeout("lost")
        results: dict[str, object] = {}
        errors: dict[str, object] = {}
        for key, (_, given) in asked.items():
            if given["tag"] in self.refused:
                errors[key] = {"error": "REFUSED", "error_description": given["tag"]}
            else:
                results[key] = {"tag": given["tag"], "of": _look(given.get("of", ""), results)}
        times = {key: self._times(name) for key, (name, _) in asked.items() if key in results}
        answer = {"result": results, "result_error": errors or [], "result_time": times}
        return httpx.Response(200, json={"result": answer})

    def _plain(self, method: str, params: Mapping[str, str]) -> httpx.Response:
        with self.lock:
            self.requests.append([params["tag"]])
        if self.lose([params["tag"]]):
            raise httpx.ReadTimeout("lost")
        if params["tag"] in self.refused:
            return httpx.Response(400, json={"error": "REFUSED", "error_description": params["tag"]})
        result = {"tag": params["tag"], "of": params.get("of", "")}
        return httpx.Response(200, json={"result": result, "time": self._times(method)})

    def _times(self, method: str) -> object:
        return self.times.get(method, {})


def _parse(text: str) -> tuple[str, dict[str, str]]:
    method, _, query = text.partition("?")
    return method, {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}


def _look(text: str, results: Mapping[str, object]) -> str:
    if not text.startswith("$result["):
        return text
    found = results.get(text.removeprefix("$result[").partition("]")[0], {})
    return str(found["tag"]) if isinstance(found, dict) and "tag" in found else ""


def open_gateway(echo: Echo, pace: Pace | None = None, rests: Rests | None = None) -> Gateway:
    client = PortalClient(
        "https://portal.example/rest/1/x/",
        pace=pace,
        sleep=lambda _: None,
        transport=httpx.MockTransport(echo),
    )
    return Gateway(client, NoFiles(), no_engine, gathering=Gathering(client, pace, rests=rests))


def in_threads(works: Sequence[Callable[[], object]], seconds: float = 30.0) -> None:
    """Run all side by side to their ends; the first failure is raised here."""
    failed: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    if failed:
        raise failed[0]
    assert not any(thread.is_alive() for thread in threads), "somebody still waits"


def result(outcome: Outcome) -> Mapping[str, str]:
    assert not isinstance(outcome, Exception), outcome
    assert isinstance(outcome.result, Mapping)
    return outcome.result
