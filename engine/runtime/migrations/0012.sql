-- People of the console: who may sign in, as what, who did what there; and what a run can be found by.
CREATE TABLE account (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,                -- as typed at the door, folded to lower case
    shown TEXT NOT NULL,
    role TEXT NOT NULL,                       -- reader office integrator
    portal_user TEXT NOT NULL DEFAULT '',     -- id of the portal's user whose rows they see; '' for none
    password TEXT NOT NULL DEFAULT '',        -- scrypt, with its salt and cost; '' until one is chosen
    created TEXT NOT NULL,
    closed TEXT NOT NULL DEFAULT ''
);
CREATE TABLE invitation (
    secret TEXT PRIMARY KEY,                  -- sha256 of what the link holds
    account INTEGER REFERENCES account (id),  -- NULL: whoever comes first becomes the first integrator
    uses INTEGER NOT NULL,
    enters INTEGER NOT NULL DEFAULT 0,        -- 1: signs in by itself; else a password has to be chosen
    expires REAL NOT NULL                     -- seconds since 1970
);
CREATE TABLE session (
    secret TEXT PRIMARY KEY,                  -- sha256 of the cookie
    account INTEGER NOT NULL REFERENCES account (id),
    csrf TEXT NOT NULL,
    begun REAL NOT NULL,
    seen REAL NOT NULL
);
CREATE TABLE attempt (
    who TEXT NOT NULL,                        -- a name at the door, or an address
    at REAL NOT NULL
);
CREATE INDEX attempt_who ON attempt (who, at);
CREATE TABLE audit (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,                       -- a short name: saved regulation, answered question
    about TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT ''
);
ALTER TABLE run ADD COLUMN words TEXT NOT NULL DEFAULT '';
