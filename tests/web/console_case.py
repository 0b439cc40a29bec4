"""A browser's session on the console, over HTTP."""

from __future__ import annotations

import re
from typing import Self

import httpx

from engine.runtime.accounts import INTEGRATOR
from engine.runtime.service import Service

PASSWORD = "длинный пароль 1"


class Visitor:
    """One person's browser: cookies, and the csrf of the page last seen."""

    def __init__(self, address: str) -> None:
        self.http = httpx.Client(base_url=address, trust_env=False, timeout=20, follow_redirects=True)
        self.csrf = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str, **more) -> httpx.Response:
        answer = self.http.get(path, **more)
        found = re.search(r'data-csrf="([^"]+)"', answer.text)
        self.csrf = found[1] if found else self.csrf
        return answer

    def post(self, path: str, form: dict | None = None, **more) -> httpx.Response:
        return self.http.post(path, data={"csrf": self.csrf, **(form or {})}, **more)


def visitor(service: Service, role: str = INTEGRATOR, portal_user: str = "1", name: str = "") -> Visitor:
    """Somebody of `role` who has signed in."""
    secret = service.accounts.admit(name or f"Проверяющий {role} {portal_user}", role, portal_user)
    found = Visitor(service.console_url)
    answer = found.get(f"/sign-in/{secret}")
    assert answer.status_code == 200, answer.text
    return found


def console_page(service: Service, path: str = "/") -> httpx.Response:
    """What an integrator sees at `path`."""
    with visitor(service) as found:
        return found.get(path)
