-- Lines of bank statements, each taken once, and what invoices get of them.
CREATE TABLE bank_line (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,                 -- account, day, number, sum, payer's ИНН (engine/bank/lines.py)
    source TEXT NOT NULL,                     -- bank, portal
    file TEXT NOT NULL DEFAULT '',
    at TEXT NOT NULL,
    payment TEXT NOT NULL,                    -- as rules see it (wire.py)
    amount TEXT NOT NULL,
    fate TEXT NOT NULL,
    why_ru TEXT NOT NULL,
    why_en TEXT NOT NULL,
    candidates TEXT NOT NULL DEFAULT '[]',
    state TEXT NOT NULL,                      -- settled; queued: a person decides; assigned; dismissed
    decided_by TEXT NOT NULL DEFAULT '',
    decided_at TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT ''
);
CREATE INDEX bank_line_queue ON bank_line (n) WHERE state = 'queued';
CREATE TABLE bank_share (
    key TEXT PRIMARY KEY,                     -- the line's key and the invoice: the business key of the payment
    line INTEGER NOT NULL REFERENCES bank_line (n),
    invoice TEXT NOT NULL,                    -- item ids, and the number as it was then
    number TEXT NOT NULL,
    deal TEXT NOT NULL,
    amount TEXT NOT NULL,                     -- a refund's is negative
    at TEXT NOT NULL
);
CREATE INDEX bank_share_invoice ON bank_share (invoice);
