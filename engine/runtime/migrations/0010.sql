-- Questions to people: asked by a rule, answered once, withdrawn when what they were about has changed.
CREATE TABLE question (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL,                        -- of the step that asked
    item TEXT NOT NULL,
    about TEXT NOT NULL,                      -- the word that tells questions on one item apart
    asked TEXT NOT NULL DEFAULT '[]',         -- ids of the portal's users who were asked, JSON
    text TEXT NOT NULL,
    choices TEXT NOT NULL,                    -- JSON
    file TEXT NOT NULL DEFAULT '',            -- the file it is about: its name and sha256
    sha256 TEXT NOT NULL DEFAULT '',
    link TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT 'open',       -- open answered withdrawn
    answer TEXT NOT NULL DEFAULT '',
    comment TEXT NOT NULL DEFAULT '',
    answered_by TEXT NOT NULL DEFAULT '',     -- user/7
    at TEXT NOT NULL,
    closed TEXT NOT NULL DEFAULT ''           -- when it was answered or withdrawn
);
CREATE UNIQUE INDEX question_key ON question (key) WHERE state <> 'withdrawn';
CREATE INDEX question_open ON question (item, about) WHERE state = 'open';
