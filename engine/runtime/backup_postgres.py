"""The cluster's state out of Postgres and back: by pg_dump, pg_restore and psql, which come with the server.

Decides how these programs are called: the password goes by the environment, where no list of processes shows it,
and a restore is one transaction. It knows no table but to ask whether there is a state.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import IO

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from engine.runtime.embedded import READS
from engine.runtime.jobs import is_anybody_working
from engine.runtime.opening import open_store
from engine.runtime.postgres import Session, name_of
from engine.runtime.store import StateError
from engine.settings import Settings

# Tables of a later version are not in the dump and must go too: their own making would fail on them one day.
_CLEAR = b"""
DO $$ DECLARE one regclass; BEGIN
    FOR one IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
    LOOP EXECUTE format('DROP TABLE IF EXISTS %s CASCADE', one); END LOOP;
END $$;
"""


def read_origin(settings: Settings) -> tuple[int, str]:
    """Return the number of the last migration and the edition that came into force last. Raises StateError."""
    with closing(open_store(settings, mode=READS)) as store:
        step = store.row("SELECT max(step) AS step FROM reglament_schema WHERE part = 'reglament'")
        edition = store.row("SELECT hash FROM edition ORDER BY first_seen DESC, hash LIMIT 1")
    return int(step["step"]) if step else 0, str(edition["hash"]) if edition else ""


def dump(address: str, target: Path) -> None:
    """Write the database as it is at one moment to `target`, packed. Raises StateError where pg_dump does not."""
    given = ["--format=custom", "--no-owner", "--no-privileges", f"--file={target}"]
    _run(_program("pg_dump"), given, address)


def load(address: str, source: Path) -> None:
    """The database is the dump's, in one transaction: whole or as it was. Raises StateError where it was refused."""
    restore, psql = _program("pg_restore"), _program("psql")
    script = source.with_suffix(".sql")
    given = ["--clean", "--if-exists", "--no-owner", "--no-privileges", f"--file={script}", str(source)]
    _run(restore, given, None)
    whole = script.with_suffix(".whole.sql")
    with whole.open("wb") as joined, script.open("rb") as rest:
        joined.write(_CLEAR)
        shutil.copyfileobj(rest, joined)
    once = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", f"--file={whole}"]
    with Path(os.devnull).open("wb") as nowhere:
        _run(psql, once, address, nowhere)


def is_there(settings: Settings) -> bool:
    """True where the database holds a state. Raises StateError where it cannot be asked."""
    session = Session(settings.state)
    try:
        return bool(session.ask("SELECT to_regclass('reglament_schema') IS NOT NULL")[0][0])
    finally:
        session.close()


def is_in_use(settings: Settings) -> bool:
    """True where some engine has shown lately that it works on the database."""
    with closing(open_store(settings, mode=READS)) as store:
        return is_anybody_working(store, settings.takeover)


def _run(program: str, given: Sequence[str], address: str | None, out: IO[bytes] | None = None) -> None:
    variables = dict(os.environ)
    arguments = [program, *given]
    if address is not None:
        parts = conninfo_to_dict(address)
        password = parts.pop("password", None)
        if password:
            variables["PGPASSWORD"] = str(password)
        arguments.append(f"--dbname={make_conninfo('', **parts)}")
    done = subprocess.run(
        arguments, env=variables, stdout=out, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        why = next((line for line in said if "ERROR" in line or "error" in line), said[0] if said else "")
        where = name_of(address or "")
        raise StateError(f"{where}: {Path(program).name}: {why}", f"{where}: {Path(program).name}: {why}")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise StateError(
            f"{name} is needed for a state on Postgres and is not installed (Debian: apt-get install"
            f" postgresql-client, of the server's version or newer); or back the database up as you do others",
            f"для состояния в Postgres нужна программа {name}, её нет (Debian: apt-get install postgresql-client"
            f" версии сервера или новее); или копируйте базу так же, как другие",
        )
    return found
