"""A portal to check: asked over plain HTTP, remembering what was made so that nothing stays behind."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urljoin

import httpx

from engine.portal.pace import Pace

DEAL, COMPANY, INVOICE = 2, 4, 31
TITLE = "Reglament contract"


@dataclass
class CheckedPortal:
    """`webhook` is an inbound webhook's address with a final slash; `is_live` is False for the twin."""

    webhook: str
    http: httpx.Client
    is_live: bool
    pace: Pace | None = None
    marker: str = field(default_factory=lambda: f"{TITLE} {uuid.uuid4().hex[:10]}")
    _made: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def post(self, method: str, params: Any = None) -> httpx.Response:
        return self._paced(lambda: self.http.post(self.webhook + method, json=params or {}))

    def _paced(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        """Send within the portal's limit, and again where others had it spent."""
        for delay in (1.0, 2.0, 4.0, 0.0):
            if self.pace:
                self.pace.wait()
            answer = send()
            if answer.status_code != 503:
                break
            time.sleep(delay)
        return answer

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        answer = self.post(method, params)
        assert answer.status_code == 200, f"{method}: HTTP {answer.status_code}: {answer.text[:400]}"
        body: dict[str, Any] = answer.json()
        assert "error" not in body, body
        return body

    def result(self, method: str, **params: Any) -> Any:
        return self.call(method, **params)["result"]

    def refusal(self, method: str, **params: Any) -> tuple[int, Any]:
        answer = self.post(method, params)
        body = answer.json()
        assert isinstance(body["error_description"], str)
        return answer.status_code, body["error"]

    def batch(self, halt: int = 0, **commands: tuple[str, dict[str, Any]]) -> dict[str, Any]:
        lines = {
            name: f"{method}?{urlencode(flat(params), safe='$[]')}"
            for name, (method, params) in commands.items()
        }
        found: dict[str, Any] = self.result("batch", halt=halt, cmd=lines)
        return found

    def make(self, kind: int, **fields: Any) -> dict[str, Any]:
        item: dict[str, Any] = self.result(
            "crm.item.add", entityTypeId=kind, fields={"title": self.marker} | fields
        )["item"]
        self.remember("crm.item.delete", entityTypeId=kind, id=item["id"])
        return item

    def make_folder(self) -> dict[str, Any]:
        drives = self.result("disk.storage.getlist")
        drive = next((one for one in drives if one["ENTITY_TYPE"] == "common"), drives[0])
        folder: dict[str, Any] = self.result(
            "disk.folder.addsubfolder", id=drive["ROOT_OBJECT_ID"], data={"NAME": self.marker}
        )
        self.remember("disk.folder.deletetree", id=folder["ID"])
        return folder

    def remember(self, method: str, **params: Any) -> None:
        """Call this at the end: it takes away what was just made."""
        self._made.append((method, params))

    def download(self, address: str) -> bytes:
        headers = {"User-Agent": "reglament", "Referer": self.webhook.split("/rest/")[0]}
        answer = self._paced(lambda: self.http.get(urljoin(self.webhook, address), headers=headers))
        assert answer.status_code == 200
        return answer.content

    def take_away(self) -> list[str]:
        """Remove all that was made, the last first. Return what is still there, in words."""
        left = []
        while self._made:
            method, params = self._made.pop()
            try:
                answer = self.post(method, params)
            except httpx.HTTPError as error:
                left.append(f"{method} {params}: {type(error).__name__}")
                continue
            # 400 and 404: a check has removed it already.
            if answer.status_code not in (200, 400, 404):
                left.append(f"{method} {params}: HTTP {answer.status_code}")
        return left


def flat(value: Any, name: str = "") -> dict[str, Any]:
    """PHP's bracket names: `{"fields": {"title": "x"}}` → `{"fields[title]": "x"}`."""
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = {str(number): one for number, one in enumerate(value)}.items()
    else:
        return {name: value}
    found: dict[str, Any] = {}
    for key, one in pairs:
        found |= flat(one, f"{name}[{key}]" if name else key)
    return found
