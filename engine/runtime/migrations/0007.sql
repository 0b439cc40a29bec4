-- Robots of the portal that wait for an answer, and the forms in which they were registered.
CREATE TABLE robot_call (
    token TEXT PRIMARY KEY,
    event TEXT NOT NULL,
    at TEXT NOT NULL,
    answer TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT 'open',
    tries INTEGER NOT NULL DEFAULT 0,
    next_try REAL NOT NULL DEFAULT 0
);
CREATE INDEX robot_call_open ON robot_call (at) WHERE state = 'open';
CREATE TABLE robot (
    code TEXT PRIMARY KEY,
    form TEXT NOT NULL
);
