-- What was read in the company's mailbox: by its place there and by its Message-ID, so that nothing is told twice.
CREATE TABLE mailbox_seen (
    box TEXT NOT NULL,
    mark TEXT NOT NULL,
    kind TEXT NOT NULL DEFAULT '',
    at TEXT NOT NULL,
    PRIMARY KEY (box, mark)
);
CREATE INDEX mailbox_seen_at ON mailbox_seen (at);
