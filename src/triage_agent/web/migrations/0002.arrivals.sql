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
    name TEXT PRIMARY KEY,               -- in its address, and the source of its submissions
    kind TEXT NOT NULL,                  -- a key of `KINDS` in hook_kinds.py
    made_from BLOB NOT NULL,             -- its secret is made of this and the server's own
    before BLOB,                         -- what the secret before was made of
    before_until TEXT,                   -- until when that one works too; null: it does not
    mapping TEXT,                        -- JSON; null: not chosen yet
    made_by INTEGER REFERENCES adviser (id) ON DELETE SET NULL,
    made_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE hook_use (                  -- the audit trail; no words of a form
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hook TEXT NOT NULL,                  -- its name; the trail outlives it
    made_at TEXT NOT NULL,
    what TEXT NOT NULL,
    adviser INTEGER REFERENCES adviser (id) ON DELETE SET NULL  -- null: a form tool
) STRICT;

CREATE INDEX hook_use_by_hook ON hook_use (hook);

CREATE TABLE delivery (                  -- what a hook has sent, until it is a submission
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hook TEXT NOT NULL REFERENCES hook (name) ON DELETE CASCADE,
    sent BLOB NOT NULL,                  -- digest of the form tool's own id of the answer
    made_at TEXT NOT NULL,
    payload TEXT,                        -- JSON as it came; null: it is a submission, or deleted
    tries INTEGER NOT NULL DEFAULT 0,
    again_at TEXT,                       -- null: not by itself
    error TEXT,                          -- why the last try failed; no words of a form
    -- The row stays when the submission goes, so that what is sent again is not stored again.
    submission INTEGER REFERENCES submission (id) ON DELETE SET NULL,
    UNIQUE (hook, sent)
) STRICT;

CREATE INDEX delivery_waiting ON delivery (again_at) WHERE payload IS NOT NULL;

CREATE INDEX delivery_by_submission ON delivery (submission);

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
