-- Lanes that run side by side, fenced attempts, requests of people, brakes.

ALTER TABLE event ADD COLUMN also TEXT NOT NULL DEFAULT '';       -- a second lane: the deal that an item moves to
ALTER TABLE event ADD COLUMN attempt INTEGER NOT NULL DEFAULT 0;  -- goes up with every taking; older ones write nothing
ALTER TABLE event ADD COLUMN owner TEXT NOT NULL DEFAULT '';      -- the process that took it last
ALTER TABLE event ADD COLUMN origin TEXT NOT NULL DEFAULT '';     -- portal sweep timer schedule plugin person; '' is ours
ALTER TABLE event ADD COLUMN late INTEGER NOT NULL DEFAULT 0;     -- 1: found after its time (a sweep, a missed timer)
ALTER TABLE event ADD COLUMN present TEXT NOT NULL DEFAULT '{"o":{}}'; -- the item's fields as they stood at this event,
                                                                  -- where the portal has gone on since (stages passed)
ALTER TABLE event ADD COLUMN answer TEXT NOT NULL DEFAULT '';     -- kind request: what became of it, JSON
CREATE INDEX event_id ON event (id) WHERE id <> '';
CREATE INDEX event_begun ON event (lane) WHERE state = 'running';
CREATE INDEX event_also ON event (also, n) WHERE state <> 'done' AND also <> '';

ALTER TABLE run ADD COLUMN title TEXT NOT NULL DEFAULT '';        -- what people call the item
ALTER TABLE run ADD COLUMN changed TEXT NOT NULL DEFAULT '[]';    -- names of the fields that changed, JSON
ALTER TABLE run ADD COLUMN retry_of INTEGER;                      -- the run whose work this one takes up again
ALTER TABLE run ADD COLUMN late INTEGER NOT NULL DEFAULT 0;

ALTER TABLE step ADD COLUMN call INTEGER NOT NULL DEFAULT -1;     -- which action of the rule, from 0
ALTER TABLE step ADD COLUMN planned_id TEXT NOT NULL DEFAULT '';  -- id of the item that it would create

CREATE TABLE brake (
    name TEXT PRIMARY KEY,                                        -- all, or the id of a rule
    reason_ru TEXT NOT NULL,
    reason_en TEXT NOT NULL,
    since TEXT NOT NULL
);
CREATE TABLE spent (
    what TEXT NOT NULL,                                           -- rule acts/x; mail a@b.example; again acts/x act/43
    hour INTEGER NOT NULL,                                        -- hours since 1970
    number INTEGER NOT NULL,
    PRIMARY KEY (what, hour)
);
CREATE TABLE duty (
    name TEXT PRIMARY KEY,                                        -- what only one process does at a time
    owner TEXT NOT NULL,
    until REAL NOT NULL                                           -- seconds since 1970
);
