-- The journal as it is read: a line of a run stands in its own row, whatever row of the inbox it was opened under.

ALTER TABLE run ADD COLUMN event_name TEXT NOT NULL DEFAULT '';
ALTER TABLE run ADD COLUMN event_by TEXT NOT NULL DEFAULT '';
ALTER TABLE run ADD COLUMN event_time TEXT NOT NULL DEFAULT '';
UPDATE run SET
    event_name = (SELECT event.name FROM event WHERE event.n = run.event),
    event_by = (SELECT event.by FROM event WHERE event.n = run.event),
    event_time = (SELECT event.time FROM event WHERE event.n = run.event);
ALTER TABLE event ADD COLUMN edition TEXT NOT NULL DEFAULT '';   -- of an event without a run: what it was decided by

CREATE INDEX run_item ON run (item, n);
CREATE INDEX run_status ON run (status, n);
CREATE INDEX run_event_name ON run (event_name, n);
CREATE INDEX run_late ON run (n) WHERE late = 1;
CREATE INDEX run_edition ON run (edition);
CREATE INDEX step_rule ON step (rule, run);
CREATE INDEX event_item ON event (item, n) WHERE item <> '';
CREATE INDEX event_failed ON event (n) WHERE outcome = 'failed';
CREATE INDEX intent_run ON intent (run);
CREATE INDEX snapshot_lane ON snapshot (lane);
