"""People of the console: who they are, what they may do, and that nobody guesses their way in.

Decides sign-in, sessions and their ends, invitations, and how many wrong passwords are too many. What is kept of a
secret is its hash: whoever reads the state cannot sign in with what stands there. It knows no page.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from werkzeug.security import check_password_hash, generate_password_hash

from engine.runtime.store import Row, Store

READER, OFFICE, INTEGRATOR = "reader", "office", "integrator"
ROLES = (READER, OFFICE, INTEGRATOR)
SHORTEST_PASSWORD = 10
# One of the settings that OWASP names for scrypt: 32 MiB, three times.
_METHOD = "scrypt:32768:8:3"
_IDLE, _LONGEST = 12 * 3600.0, 14 * 86_400.0
_INVITED = 86_400.0
_MOST_FAILURES, _WINDOW = 5, 900.0
# Sessions are marked as seen this seldom: a page must not cost a commit.
_SEEN_EVERY = 300.0


@dataclass(frozen=True, slots=True)
class Account:
    """One person. `portal_user` is the id of the portal's user whose rows they see, empty for none."""

    id: int
    name: str
    shown: str
    role: str
    portal_user: str = ""

    def may(self, role: str) -> bool:
        """True where the account's role is `role` or more."""
        return ROLES.index(self.role) >= ROLES.index(role)


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser; `csrf` must come with every change that it asks for."""

    account: Account
    csrf: str


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who did what in the console."""

    n: int
    at: datetime
    who: str
    what: str
    about: str
    detail: str


class TooManyTries(Exception):  # noqa: N818 — a state of the door
    """Too many wrong passwords of late: nobody of this name, or from this address, is let in for `minutes`."""

    minutes = int(_WINDOW // 60)


class Accounts:
    """The accounts in `store`; `clock` gives the present."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store, self._clock = store, clock
        # Checked where nobody has the name, so that the time of an answer does not tell who exists.
        self._nobody = generate_password_hash(secrets.token_urlsafe(12), _METHOD)

    def is_empty(self) -> bool:
        """True until the first person has chosen a password."""
        return self._store.row("SELECT 1 FROM account WHERE password <> '' LIMIT 1") is None

    def invite_first(self) -> str:
        """Return the secret of a link by which whoever comes first becomes the first integrator; older ones end."""
        with self._store.transaction():
            self._store.write("DELETE FROM invitation WHERE account IS NULL", ())
            return self._invite(None)

    def invite(self, shown: str, role: str, portal_user: str = "") -> str:
        """Make an account (or take the one of that name, with the new role) and return the secret of its link.

        The link works once within a day, for choosing a password. Raises ValueError for an unknown role or no name.
        """
        return self._for(shown, role, portal_user)

    def admit(self, shown: str, role: str, portal_user: str = "", *, uses: int = 1) -> str:
        """As `invite`, but the link signs in by itself, `uses` times: for a demonstration on one's own machine."""
        return self._for(shown, role, portal_user, uses=uses, enters=True)

    def _for(self, shown: str, role: str, portal_user: str, *, uses: int = 1, enters: bool = False) -> str:
        name = _fold(shown)
        if role not in ROLES or not name:
            raise ValueError(role if role not in ROLES else "name")
        with self._store.transaction():
            self._store.write(
                "INSERT INTO account (name, shown, role, portal_user, created) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET role = excluded.role, portal_user = excluded.portal_user,"
                " shown = excluded.shown, closed = ''",
                (name, shown.strip(), role, portal_user, self._clock().isoformat()),
            )
            row = self._store.row("SELECT id FROM account WHERE name = ?", (name,))
            assert row is not None
            return self._invite(int(row["id"]), uses=uses, enters=enters)

    def _invite(self, account: int | None, *, uses: int = 1, enters: bool = False) -> str:
        secret = secrets.token_urlsafe(24)
        self._store.write(
            "INSERT INTO invitation (secret, account, uses, enters, expires) VALUES (?, ?, ?, ?, ?)",
            (_hash(secret), account, uses, int(enters), self._clock().timestamp() + _INVITED),
        )
        return secret

    def invited(self, secret: str) -> tuple[Account | None, bool]:
        """Return whom a link is for (None for the first person) and whether it still works."""
        row = self._invitation(secret)
        if row is None:
            return None, False
        return self._account("id = ?", row["account"]) if row["account"] is not None else None, True

    def _invitation(self, secret: str) -> Row | None:
        return self._store.row(
            "SELECT * FROM invitation WHERE secret = ? AND uses > 0 AND expires > ?",
            (_hash(secret), self._clock().timestamp()),
        )

    def accept(self, secret: str, shown: str, password: str) -> tuple[str, Account]:
        """Take an invitation: set name (of the first person) and password; return the cookie's secret and who.

        Raises ValueError: `link`, `name`, `password` (too short) or `taken`.
        """
        row = self._invitation(secret)
        if row is None:
            raise ValueError("link")
        if len(password) < SHORTEST_PASSWORD:
            raise ValueError("password")
        name = _fold(shown)
        if row["account"] is None and not name:
            raise ValueError("name")
        hashed = generate_password_hash(password, _METHOD)
        with self._store.transaction():
            if not self._use(secret):
                raise ValueError("link")
            account = row["account"]
            if account is None:
                if not self.is_empty() or self._account("name = ?", name) is not None:
                    raise ValueError("taken")
                self._store.write(
                    "INSERT INTO account (name, shown, role, password, created) VALUES (?, ?, ?, ?, ?)",
                    (name, shown.strip(), INTEGRATOR, hashed, self._clock().isoformat()),
                )
                found = self._account("name = ?", name)
            else:
                self._store.write("UPDATE account SET password = ? WHERE id = ?", (hashed, account))
                self._store.write("DELETE FROM session WHERE account = ?", (account,))
                found = self._account("id = ?", account)
            if found is None:
                raise ValueError("link")
            return self._begin(found), found

    def enter(self, secret: str) -> tuple[str, Account] | None:
        """Sign in by a link of `admit`; None where it does not work."""
        row = self._invitation(secret)
        if row is None or row["account"] is None or not row["enters"]:
            return None
        with self._store.transaction():
            found = self._account("id = ?", row["account"])
            if found is None or not self._use(secret):
                return None
            return self._begin(found), found

    def _use(self, secret: str) -> bool:
        with self._store.transaction() as connection:
            taken = connection.execute(
                "UPDATE invitation SET uses = uses - 1 WHERE secret = ? AND uses > 0", (_hash(secret),)
            )
            return taken.rowcount == 1

    def sign_in(self, name: str, password: str, address: str) -> tuple[str, Account] | None:
        """Return the cookie's secret and who signed in, None for a wrong name or password. Raises TooManyTries."""
        whos = (f"name {_fold(name)}", f"from {address}")
        now = self._clock().timestamp()
        if any(self._failures(who, now) >= _MOST_FAILURES * (1 if who == whos[0] else 4) for who in whos):
            raise TooManyTries
        row = self._store.row(
            "SELECT * FROM account WHERE name = ? AND closed = '' AND password <> ''", (_fold(name),)
        )
        if not check_password_hash(row["password"] if row is not None else self._nobody, password):
            row = None
        with self._store.transaction():
            if row is None:
                for who in whos:
                    self._store.write("INSERT INTO attempt (who, at) VALUES (?, ?)", (who, now))
                return None
            self._store.write("DELETE FROM attempt WHERE who = ? OR at < ?", (whos[0], now - _WINDOW))
            account = _account(row)
            return self._begin(account), account

    def _failures(self, who: str, now: float) -> int:
        row = self._store.row("SELECT count(*) FROM attempt WHERE who = ? AND at > ?", (who, now - _WINDOW))
        return int(row[0]) if row is not None else 0

    def _begin(self, account: Account) -> str:
        secret, now = secrets.token_urlsafe(32), self._clock().timestamp()
        self._store.write("DELETE FROM session WHERE seen < ? OR begun < ?", (now - _IDLE, now - _LONGEST))
        self._store.write(
            "INSERT INTO session (secret, account, csrf, begun, seen) VALUES (?, ?, ?, ?, ?)",
            (_hash(secret), account.id, secrets.token_urlsafe(24), now, now),
        )
        return secret

    def session(self, secret: str) -> Session | None:
        """Return the session of a cookie, None where it is unknown or has ended."""
        now = self._clock().timestamp()
        row = self._store.row(
            "SELECT session.csrf, session.seen, account.* FROM session JOIN account ON account.id = session.account"
            " WHERE session.secret = ? AND session.seen > ? AND session.begun > ? AND account.closed = ''",
            (_hash(secret), now - _IDLE, now - _LONGEST),
        )
        if row is None:
            return None
        if now - float(row["seen"]) > _SEEN_EVERY:
            self._store.write("UPDATE session SET seen = ? WHERE secret = ?", (now, _hash(secret)))
        return Session(_account(row), row["csrf"])

    def sign_out(self, secret: str) -> None:
        """End a session."""
        self._store.write("DELETE FROM session WHERE secret = ?", (_hash(secret),))

    def all(self) -> list[Account]:
        """Return everybody who is not closed, by name."""
        return [
            _account(row) for row in self._store.rows("SELECT * FROM account WHERE closed = '' ORDER BY name")
        ]

    def find(self, name: str) -> Account | None:
        """Return the account of a name, None where there is none."""
        return self._account("name = ?", _fold(name))

    def close(self, name: str) -> bool:
        """Let nobody in by this name any more and end its sessions; False where there is no such account."""
        account = self.find(name)
        if account is None:
            return False
        with self._store.transaction():
            at = self._clock().isoformat()
            self._store.write("UPDATE account SET closed = ?, password = '' WHERE id = ?", (at, account.id))
            self._store.write("DELETE FROM session WHERE account = ?", (account.id,))
            self._store.write("DELETE FROM invitation WHERE account = ?", (account.id,))
        return True

    def _account(self, where: str, value: object) -> Account | None:
        row = self._store.row(f"SELECT * FROM account WHERE {where} AND closed = ''", (value,))  # noqa: S608
        return _account(row) if row is not None else None

    def note(self, who: Account, what: str, about: str = "", detail: str = "") -> None:
        """Keep in the audit what somebody did."""
        self._store.write(
            "INSERT INTO audit (at, who, what, about, detail) VALUES (?, ?, ?, ?, ?)",
            (self._clock().isoformat(), who.shown, what, about, detail[:4000]),
        )

    def audit(self, before: int = 0, limit: int = 50) -> list[AuditLine]:
        """Return a page of the audit, the newest first."""
        rows = self._store.rows(
            "SELECT * FROM audit WHERE ? = 0 OR n < ? ORDER BY n DESC LIMIT ?", (before, before, limit)
        )
        return [
            AuditLine(
                row["n"],
                datetime.fromisoformat(row["at"]),
                row["who"],
                row["what"],
                row["about"],
                row["detail"],
            )
            for row in rows
        ]


def _account(row: Row) -> Account:
    return Account(int(row["id"]), row["name"], row["shown"], row["role"], row["portal_user"])


def _fold(name: str) -> str:
    return " ".join(name.split()).casefold()[:80]


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
