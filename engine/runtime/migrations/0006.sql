-- A connected application: the one portal it is installed on, and its tokens.
CREATE TABLE credential (
    member_id TEXT PRIMARY KEY,
    domain TEXT NOT NULL,
    client_endpoint TEXT NOT NULL,
    server_endpoint TEXT NOT NULL DEFAULT '',
    access_token TEXT NOT NULL,
    refresh_token TEXT NOT NULL,
    application_token TEXT NOT NULL,
    scope TEXT NOT NULL DEFAULT '',
    user_id TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT '',                  -- the vendor's word: L, F, D, T, P
    state TEXT NOT NULL DEFAULT 'installed',          -- or gone, dead
    installed_at TEXT NOT NULL,
    refreshed_at TEXT NOT NULL
);
