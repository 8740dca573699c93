-- depends: 0001.first
-- What arrives by itself, and the programs that ask.

CREATE TABLE token (                     -- of the HTTP API
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL UNIQUE,         -- SHA-256 of the token
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,                -- names, parted by blanks
    made_by INTEGER REFERENCES adviser (id) ON DELETE SET NULL,
    made_at TEXT NOT NULL,
    used_at TEXT,
    ended_by INTEGER REFERENCES adviser (id) ON DELETE SET NULL,
    ended_at TEXT                        -- null: it works
) STRICT;

CREATE TABLE token_use (                 -- the audit trail; no words of anybody
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    token INTEGER NOT NULL REFERENCES token (id) ON DELETE CASCADE,
    made_at TEXT NOT NULL,
    what TEXT NOT NULL,
    status INTEGER NOT NULL
) STRICT;

CREATE INDEX token_use_by_token ON token_use (token, id);

CREATE INDEX token_use_by_age ON token_use (made_at);

CREATE TABLE answered (                  -- requests with an idempotency key, for a day
    token INTEGER NOT NULL REFERENCES token (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    request BLOB NOT NULL,               -- SHA-256 of what was asked
    made_at TEXT NOT NULL,
    status INTEGER,                      -- null: under way
    body TEXT,
    PRIMARY KEY (token, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE hook (
    name TEXT PRIMARY KEY,               -- in its address
    kind TEXT NOT NULL,                  -- typeform, tally, jotform, google, json
    secret TEXT NOT NULL,                -- in its address, or the key of its signatures
    mapping TEXT,                        -- JSON; null: not chosen yet
    made_by INTEGER REFERENCES adviser (id) ON DELETE SET NULL,
    made_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE delivery (                  -- what a hook has sent, until it is a submission
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hook TEXT NOT NULL REFERENCES hook (name) ON DELETE CASCADE,
    sent_id TEXT NOT NULL,               -- the form tool's own id of the answer
    made_at TEXT NOT NULL,
    payload TEXT,                        -- JSON as it came; null once it is a submission
    tries INTEGER NOT NULL DEFAULT 0,
    again_at TEXT NOT NULL,
    error TEXT,                          -- why the last try failed; no words of a form
    submission INTEGER REFERENCES submission (id) ON DELETE CASCADE,
    UNIQUE (hook, sent_id)
) STRICT;

CREATE INDEX delivery_waiting ON delivery (again_at) WHERE payload IS NOT NULL;

CREATE TABLE receiver (                  -- who is told when a verdict is ready
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    url TEXT NOT NULL,
    -- Its secret is made of this and of the server's own, so the data alone do not hold it.
    salt BLOB NOT NULL,
    salt_before BLOB,                    -- of the secret before; null: it was never renewed
    renewed_at TEXT,
    with_words INTEGER NOT NULL,         -- 1: a notice holds what the owner wrote
    made_by INTEGER REFERENCES adviser (id) ON DELETE SET NULL,
    made_at TEXT NOT NULL
) STRICT;

CREATE TABLE notice (                    -- what a receiver is to be told; no words of an owner
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sent_id TEXT NOT NULL UNIQUE,        -- by which a receiver knows one that comes twice
    receiver INTEGER NOT NULL REFERENCES receiver (id) ON DELETE CASCADE,
    submission INTEGER NOT NULL REFERENCES submission (id) ON DELETE CASCADE,
    made_at TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    again_at TEXT,                       -- when it is due; null: it was taken, or given up
    taken_at TEXT,                       -- when the receiver took it; null: not yet
    error TEXT,                          -- why the last try failed, in words of ours
    UNIQUE (receiver, submission)
) STRICT;

CREATE INDEX notice_due ON notice (receiver, again_at) WHERE again_at IS NOT NULL;

CREATE INDEX notice_by_submission ON notice (submission);
