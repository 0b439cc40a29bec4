-- What the portal's own clock says: of each item's last stage change seen, and of how far missed changes were looked for.

ALTER TABLE snapshot ADD COLUMN moved TEXT NOT NULL DEFAULT '';   -- the portal's time of that change

CREATE TABLE sweep (
    entity TEXT PRIMARY KEY,
    begun TEXT NOT NULL,                                          -- portal's clock as its first reading began
    since TEXT NOT NULL,                                          -- portal's clock: changes up to here were looked for
    upto TEXT NOT NULL DEFAULT '',                                -- the sweep under way began then …
    after TEXT NOT NULL DEFAULT '',                               -- … and has seen the items up to this id
    listed TEXT NOT NULL DEFAULT ''                               -- our clock: all ids were compared then
);
