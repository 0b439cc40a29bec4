"""What a check of the portal found: how grave, of what, in words, and the mend.

Decides which words an error of the portal gets. It asks the portal nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from engine.effects import Said
from engine.portal.catalogue import CHECK_ADDRESS, COMMERCIAL, PATIENCE, entry
from engine.portal.errors import PortalError

Severity: TypeAlias = Literal["error", "warning", "advice", "ok"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `area` is `address`, `access`, `scopes`, `map`, …; `ok` says that it was looked at and is good.

    `mend` says what a person does about it; None where there is nothing to do.
    """

    severity: Severity
    area: str
    what: Said
    mend: Said | None = None


# Codes that mean the same to a person as another one does.
_SAID_AS = {
    "INVALID_SCOPE": "INSUFFICIENT_SCOPE",
    "WRONG_CLIENT": "INVALID_CLIENT",
    "ACCESS_DENIED": "INVALID_CREDENTIALS",
    "ALLOWED_ONLY_INTRANET_USER": "INVALID_CREDENTIALS",
}


def explain(error: PortalError) -> tuple[Said, Said]:
    """Return what an error of the portal means and what a person does about it; the portal's own words stay with it."""
    code = error.code.upper()
    is_closed_by_plan = code == "ACCESS_DENIED" and "commercial" in error.description.lower()
    code = _SAID_AS.get(code, code)
    if is_closed_by_plan:
        what, mend = Said("REST закрыт тарифом портала", "the portal's plan has no REST"), COMMERCIAL
    elif code.endswith("_RESTRICTED"):
        what = Said("тариф портала этого не даёт", "the portal's plan does not allow this")
        mend = Said("перейдите на тариф, где это есть", "move to a plan that has it")
    elif code and (known := entry(code)) is not None:
        what, mend = known.what, known.mend
    else:
        what = Said("портал отказал", "the portal refused")
        mend = PATIENCE if error.retry == "later" else CHECK_ADDRESS
    own = str(error)
    return Said(f"{what.ru} ({own})", f"{what.en} ({own})"), mend


def of_error(area: str, error: PortalError, severity: Severity = "error") -> Finding:
    """Return the finding that an error of the portal is."""
    return Finding(severity, area, *explain(error))


def failed(findings: list[Finding]) -> bool:
    """True where one of them is an error."""
    return any(one.severity == "error" for one in findings)
