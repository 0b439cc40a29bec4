"""The connection examined: who we are on the portal, what we may do there, whether its clock is ours.

Decides which of the portal's own answers about itself are good enough for the present regulations. Reads only. The
address itself is `address.py`'s, the map `compare.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from engine.effects import Said
from engine.portal.client import PortalClient
from engine.portal.errors import PortalError
from engine.portal.findings import Finding, of_error
from engine.portal.scopes import is_granted, needs_administrator, needs_application, scopes_of

_SKEW_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Access:
    """Who we are: the user's id and name, whether an administrator, and the scopes granted."""

    user: str
    name: str
    is_administrator: bool
    scopes: frozenset[str]


def find_access(client: PortalClient) -> tuple[Access | None, list[Finding]]:
    """Return who we are on the portal, None where it does not let us in, and what was found on the way."""
    try:
        who = client.call("profile", {})["result"]
        granted = client.call("scope", {})["result"]
    except PortalError as error:
        return None, [of_error("access", error)]
    if not isinstance(who, Mapping) or not isinstance(granted, list):
        text = "the portal's answer names no user"
        return None, [of_error("access", PortalError("profile", "NOT_JSON", text))]
    name = " ".join(str(who[part]) for part in ("NAME", "LAST_NAME") if who.get(part))
    access = Access(
        str(who.get("ID", "")), name, who.get("ADMIN") in (True, "Y", "true", 1), frozenset(map(str, granted))
    )
    what = Said(
        f"портал пускает нас как сотрудника {access.user} ({name})",
        f"the portal lets us in as user {access.user} ({name})",
    )
    plan = Said("тариф портала даёт REST", "the portal's plan has REST")
    return access, [Finding("ok", "access", what), Finding("ok", "plan", plan)]


def check_needs(
    access: Access, methods: Mapping[str, Iterable[str]], *, is_application: bool = False
) -> list[Finding]:
    """Return which of the `methods` (each with who asks for it) are beyond us: scopes, rights, kind of connection."""
    missing = [
        (scope, names) for scope, names in scopes_of(methods).items() if not is_granted(scope, access.scopes)
    ]
    found = [_missing(scope, names, methods) for scope, names in missing]
    if not found:
        listed = ", ".join(scopes_of(methods)) or "—"
        what = Said(f"права вебхука достаточны: {listed}", f"the scopes suffice: {listed}")
        found.append(Finding("ok", "scopes", what))
    found += _rights(access, methods)
    for method in methods:
        if needs_application(method) and not is_application:
            what = Said(
                f"{method}: это умеет только приложение ({_who(methods[method])})",
                f"{method}: only an application can do this ({_who(methods[method])})",
            )
            mend = Said("подключите локальное приложение", "connect a local application")
            found.append(Finding("error", "access", what, mend))
    return found


def _missing(scope: str, names: Iterable[str], methods: Mapping[str, Iterable[str]]) -> Finding:
    who = sorted({one for name in names for one in methods[name]})
    what = Said(
        f"нет права «{scope}»: оно нужно для {_who(who)} ({', '.join(names)})",
        f"the scope “{scope}” is missing: {_who(who)} need it ({', '.join(names)})",
    )
    mend = Said(
        f"отметьте «{scope}» на странице вебхука (у приложения — в его карточке) и сохраните",
        f"tick “{scope}” on the webhook's page (an application's: on its card) and save",
    )
    return Finding("error", "scopes", what, mend)


def _who(who: Iterable[str]) -> str:
    return ", ".join(who)


def _rights(access: Access, methods: Mapping[str, Iterable[str]]) -> list[Finding]:
    if access.is_administrator:
        return [
            Finding("ok", "rights", Said("владелец вебхука — администратор", "the owner is an administrator"))
        ]
    needed = [method for method in methods if needs_administrator(method)]
    mend = Said(
        "создайте вебхук от имени администратора портала",
        "make the webhook as an administrator of the portal",
    )
    if needed:
        what = Said(
            f"владелец вебхука не администратор, а без этого не работает: {', '.join(needed)}",
            f"the webhook's owner is no administrator, and this does not work without: {', '.join(needed)}",
        )
        return [Finding("error", "rights", what, mend)]
    what = Said(
        "владелец вебхука не администратор: движок видит и меняет лишь то, что позволено этому сотруднику",
        "the webhook's owner is no administrator: the engine sees and changes what that employee may",
    )
    return [Finding("warning", "rights", what, mend)]


def check_bindings(client: PortalClient) -> list[Finding]:
    """Return whether a connected application has events bound."""
    try:
        bound = client.call("event.get", {})["result"]
    except PortalError as error:
        return [of_error("events", error)]
    if isinstance(bound, list) and bound:
        what = Said(f"событий подписано: {len(bound)}", f"{len(bound)} events are bound")
        return [Finding("ok", "events", what)]
    what = Said("приложение не подписано ни на одно событие", "the application has no event bound")
    mend = Said("запустите `engine serve`: он подпишется сам", "start `engine serve`: it binds them itself")
    return [Finding("warning", "events", what, mend)]


def check_clock(clock: tuple[datetime, datetime] | None, client: PortalClient) -> list[Finding]:
    """Return whether the portal's clock is ours to a minute. `clock`: the server's time and ours, where known."""
    pairs = [] if clock is None else [clock]
    try:
        before = datetime.now(UTC)
        told = datetime.fromisoformat(str(client.call("server.time", {})["result"]))
        pairs.append((told, before + (datetime.now(UTC) - before) / 2))
    except (PortalError, ValueError):
        pass  # asked for its time alone; whether the portal answers at all is found elsewhere
    skews = [(told if told.tzinfo else told.replace(tzinfo=UTC)) - ours for told, ours in pairs]
    worst = max((abs(skew.total_seconds()) for skew in skews), default=0.0)
    if worst <= _SKEW_SECONDS:
        return [Finding("ok", "clock", Said("часы идут вместе", "the clocks agree"))] if skews else []
    what = Said(
        f"часы портала и этой машины расходятся на {worst:.0f} с",
        f"the portal's clock and this machine's are {worst:.0f} s apart",
    )
    mend = Said(
        "включите синхронизацию времени (NTP) на этой машине: сроки и журнал считаются по её часам",
        "switch time synchronisation (NTP) on here: deadlines and the journal go by this clock",
    )
    return [Finding("warning", "clock", what, mend)]
