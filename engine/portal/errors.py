"""What can go wrong between the engine and the portal, and who may try again.

Decides how an answer is classified and what of it may be shown. It sends nothing and retries nothing.

    PortalError                 the portal refused, could not be reached, or answered nonsense
    ├── BatchFailure            some commands of one `send` failed; carries every answer and every failure
    └── (code)                  the portal's own error code, or one of ours:
        NO_CONNECTION           nothing was sent
        NO_ANSWER               sent, and no whole answer came back
        NOT_JSON                a page or half a text came instead of an answer
        BAD_CERTIFICATE         nothing was sent: whoever answers cannot show that he is the portal
        NOT_INSTALLED, APPLICATION_GONE, FOREIGN_PORTAL     there is nothing to call with
        TOO_LARGE, FILE_GONE, BAD_REDIRECT, NO_CONTENT
                                what each means, and the mend, stands in `catalogue.py`
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

from engine.portal.catalogue import Nature, entry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.action import Answer

Retry: TypeAlias = Literal["never", "later", "unknown"]
"""`never`: the same request fails again. `later`: it did not happen, try again. `unknown`: it may have
happened.
"""

_HIDDEN = "***"
_SECRETS = (
    (re.compile(r"(/rest/(?:api/)?\d+/)[^/\s?\"']+"), rf"\g<1>{_HIDDEN}"),
    (re.compile(r"((?:auth|token|secret)[\w%]*\]?=)[^&\s\"'<>]+", re.IGNORECASE), rf"\g<1>{_HIDDEN}"),
    (re.compile(r"(auth(?:\[|%5B)\w+(?:\]|%5D)=)[^&\s\"'<>]+", re.IGNORECASE), rf"\g<1>{_HIDDEN}"),
    (
        re.compile(r"(\"(?:auth|[a-z_]*token|client_secret)\"\s*:\s*\")[^\"]*", re.IGNORECASE),
        rf"\g<1>{_HIDDEN}",
    ),
)  # fmt: skip
# Every secret's pattern holds one of these words; nearly no text does.
_MAY_HIDE = re.compile(r"/rest/|auth|token|secret", re.IGNORECASE)


def redact(text: str) -> str:
    """Return `text` without webhook secrets and tokens: in their place stands `***`."""
    if _MAY_HIDE.search(text) is None:
        return text
    for pattern, shown in _SECRETS:
        text = pattern.sub(shown, text)
    return text


class PortalError(Exception):
    """The portal did not do what was asked. `retry` says whether asking again makes sense and is safe.

    `code` is the portal's own where it gave one (often the empty text in old methods), `description` is for
    people, `retry_after` is in seconds where the portal or its limits say how long to wait. Secrets are
    already hidden.
    """

    def __init__(
        self,
        method: str,
        code: str,
        description: str,
        retry: Retry = "never",
        retry_after: float | None = None,
    ) -> None:
        self.method, self.code, self.retry, self.retry_after = method, code, retry, retry_after
        self.description = redact(description)
        super().__init__(method, code, self.description, retry)

    def __str__(self) -> str:
        """`crm.item.get: NOT_FOUND: Element not found`."""
        return ": ".join(part for part in (self.method, self.code, self.description) if part)


class BatchFailure(PortalError):  # noqa: N818 - it is several errors and as many answers
    """One or more commands of a `send` failed. The message is the first failure's.

    `outcomes` holds one entry a command in the order sent: its `Answer`, or the `PortalError` that befell
    it. What succeeded has happened on the portal.
    """

    def __init__(self, outcomes: Sequence[Answer | PortalError]) -> None:
        self.outcomes = tuple(outcomes)
        failures = [outcome for outcome in self.outcomes if isinstance(outcome, PortalError)]
        first = failures[0]
        # The gravest answer wins: one command whose outcome nobody knows makes the whole step's outcome
        # unknown.
        retry: Retry = "never"
        for word in ("unknown", "later"):
            if any(failure.retry == word for failure in failures):
                retry = "unknown" if word == "unknown" else "later"
                break
        super().__init__(first.method, first.code, first.description, retry, first.retry_after)


def classify(method: str, status: int, body: Mapping[str, object], *, writes: bool) -> PortalError:
    """Return the error that an answer with status `status` and an `error` member stands for."""
    said, about = body.get("error", ""), body.get("error_description")
    if isinstance(said, Mapping):  # REST v3 (PROTOCOL §1)
        said, about = said.get("code", ""), said.get("message")
    code, description = str(said), str(about or "")
    known = entry(code)
    if status == 429:
        nature: Nature = "later"
    elif known is None or (not code and status >= 500):
        nature = "open" if status >= 500 else "never"
    else:
        nature = known.nature
    if nature == "open":
        return PortalError(method, code, description or f"HTTP {status}", "unknown" if writes else "later")
    return PortalError(method, code, description, nature)


_READS = frozenset(
    [
        "get", "list", "fields", "current", "types", "items", "getlist", "getchildren", "getfields",
        "getforapp", "gettasks", "getbyentitytypeid", "time", "profile", "scope", "events", "info",
    ]
)  # fmt: skip


def only_reads(method: str) -> bool:
    """True where the method's name says that it changes nothing, so that it may always be repeated."""
    return method.lower().rpartition(".")[2] in _READS
