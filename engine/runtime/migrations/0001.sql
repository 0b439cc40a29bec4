-- The embedded journal: what came in, what was decided, what was done. Values are typed JSON (wire.py).

CREATE TABLE event (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,                       -- delivery: a doorbell; event: with its own before and roots
    dedupe TEXT,                              -- equal deliveries coalesce while none of them has started
    id TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL,
    item TEXT NOT NULL DEFAULT '',
    lane TEXT NOT NULL DEFAULT '',            -- the deal, else the item itself
    time TEXT NOT NULL,                       -- of the change, company's zone
    received TEXT NOT NULL,
    by TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT '',
    depth INTEGER NOT NULL DEFAULT 0,
    cause TEXT NOT NULL DEFAULT '',
    before TEXT NOT NULL DEFAULT '{"o":{}}',
    roots TEXT NOT NULL DEFAULT '{"o":{}}',
    state TEXT NOT NULL DEFAULT 'waiting',    -- waiting running done
    outcome TEXT NOT NULL DEFAULT '',         -- run no_change no_rule gone failed
    reason TEXT NOT NULL DEFAULT '',
    tries INTEGER NOT NULL DEFAULT 0,
    next_try REAL NOT NULL DEFAULT 0          -- seconds since 1970 by the engine's clock
);
CREATE UNIQUE INDEX event_coalesced ON event (dedupe) WHERE state = 'waiting' AND dedupe IS NOT NULL;
CREATE INDEX event_open ON event (state, n) WHERE state <> 'done';
CREATE INDEX event_lane ON event (lane, n) WHERE state <> 'done';

CREATE TABLE edition (
    hash TEXT PRIMARY KEY,
    first_seen TEXT NOT NULL
);
CREATE TABLE edition_file (
    hash TEXT NOT NULL REFERENCES edition (hash),
    name TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (hash, name)
);

CREATE TABLE run (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    event INTEGER NOT NULL UNIQUE REFERENCES event (n),
    edition TEXT NOT NULL REFERENCES edition (hash),
    item TEXT NOT NULL DEFAULT '',
    event_wire TEXT NOT NULL,
    facts TEXT NOT NULL,
    form TEXT NOT NULL,                       -- CONTRACT's simulation JSON as decided
    status TEXT NOT NULL,                     -- running waiting done failed unknown loop
    started TEXT NOT NULL,
    ended TEXT,
    verdict_ru TEXT NOT NULL DEFAULT '',
    verdict_en TEXT NOT NULL DEFAULT '',
    tries INTEGER NOT NULL DEFAULT 0,
    next_try REAL NOT NULL DEFAULT 0,
    requests INTEGER NOT NULL DEFAULT 0,
    reads INTEGER NOT NULL DEFAULT 0,
    writes INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX run_open ON run (status) WHERE status IN ('running', 'waiting');

CREATE TABLE step (
    run INTEGER NOT NULL REFERENCES run (n),
    number INTEGER NOT NULL,
    rule TEXT NOT NULL,
    action TEXT NOT NULL,
    status TEXT NOT NULL,                     -- planned skipped no_op undecided done failed unknown
    key TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    result TEXT NOT NULL DEFAULT 'null',
    written TEXT NOT NULL DEFAULT '[]',
    answers TEXT NOT NULL DEFAULT '[]',
    discrepancies TEXT NOT NULL DEFAULT '[]',
    started TEXT,
    ended TEXT,
    PRIMARY KEY (run, number)
);

CREATE TABLE intent (
    key TEXT PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run (n),
    step INTEGER NOT NULL,
    state TEXT NOT NULL,                      -- open: surely not done; claimed: may be; done; unknown: a person decides
    result TEXT NOT NULL DEFAULT 'null',
    at TEXT NOT NULL
);

CREATE TABLE timer (
    key TEXT PRIMARY KEY,                     -- RULE ITEM
    rule TEXT NOT NULL,
    item TEXT NOT NULL,
    since TEXT NOT NULL,
    at TEXT NOT NULL,
    due REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'armed'       -- armed fired
);
CREATE INDEX timer_due ON timer (due) WHERE state = 'armed';

CREATE TABLE snapshot (
    item TEXT PRIMARY KEY,
    lane TEXT NOT NULL DEFAULT '',
    fields TEXT NOT NULL,
    at TEXT NOT NULL
);
CREATE TABLE baseline (
    entity TEXT PRIMARY KEY,
    at TEXT NOT NULL
);

CREATE TABLE number (
    series TEXT NOT NULL,
    owner TEXT NOT NULL,
    year INTEGER NOT NULL,
    n INTEGER NOT NULL,
    text TEXT NOT NULL,
    key TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'taken',      -- taken used void
    item TEXT NOT NULL DEFAULT '',
    at TEXT NOT NULL,
    PRIMARY KEY (series, owner, year, n)
);
CREATE INDEX number_key ON number (key);

CREATE TABLE memory (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE count (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
);
