-- Timers that are held back, that follow their rules from edition to edition, and fire once for each origin.

-- States by now: armed; held: its conditions do not hold; fired; passed: ran out before its rule came into force.
-- Rows of schedules (item empty) stand in the same table and are not touched by what follows.
ALTER TABLE timer ADD COLUMN field TEXT NOT NULL DEFAULT '';      -- what `since` was read from
ALTER TABLE timer ADD COLUMN lane TEXT NOT NULL DEFAULT '';       -- of its item: whose events may change its conditions
CREATE INDEX timer_item ON timer (item);
CREATE INDEX timer_lane ON timer (lane);
CREATE INDEX timer_rule ON timer (rule);

-- Origins that a timer is done with and has left since: coming back to one does not fire it again.
CREATE TABLE timer_past (
    key TEXT NOT NULL,
    since TEXT NOT NULL,
    item TEXT NOT NULL,
    state TEXT NOT NULL,                                          -- fired passed
    PRIMARY KEY (key, since)
);
CREATE INDEX timer_past_item ON timer_past (item);

-- The deadlines that the timers were last reckoned by: RULE ENTITY, and the text of the trigger with its conditions.
CREATE TABLE deadline (
    name TEXT PRIMARY KEY,
    rule TEXT NOT NULL,
    form TEXT NOT NULL
);
