-- Registers: acts and contracts as flat tables, rebuilt from snapshots whenever the portal map changes. The tables
-- themselves have a column a field, so the map makes them (registers/tables.py); here is what feeds them.
CREATE TABLE register_change (                -- items whose rows are out of date, put in with their snapshots
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    item TEXT NOT NULL
);
CREATE TABLE register_table (                 -- the flat tables that stand
    entity TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    is_filled INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE register_paper (                 -- a company's requisites as the portal gave them; namesakes by name
    company TEXT PRIMARY KEY,
    name TEXT NOT NULL DEFAULT '',
    requisites TEXT NOT NULL,
    banks TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX register_paper_name ON register_paper (name);
CREATE TABLE register_person (                -- users: values by the map, units of the company they work in
    id TEXT PRIMARY KEY,
    fields TEXT NOT NULL,
    units TEXT NOT NULL DEFAULT '[]'
);
CREATE TABLE register_unit (                  -- departments
    id TEXT PRIMARY KEY,
    parent TEXT NOT NULL DEFAULT '',
    head TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL DEFAULT ''
);
