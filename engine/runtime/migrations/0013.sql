-- A search of the journal reads what runs are found by, without the wide rows that hold it (facts, explanation).
CREATE INDEX run_words ON run (n, words);
