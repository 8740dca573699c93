-- What people type is in `submission` and `submission_words` alone, so that deleting is one place.

CREATE TABLE submission (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    token BLOB NOT NULL UNIQUE,          -- SHA-256 of the secret in the owner's link
    source TEXT NOT NULL,                -- how it came: page, or the name of a hook
    version INTEGER NOT NULL DEFAULT 1,  -- rises with each change; two tabs do not overwrite
    started_at TEXT NOT NULL,            -- ISO 8601, UTC
    changed_at TEXT NOT NULL,
    finished_at TEXT,                    -- the first verdict; null: the owner is not done
    company TEXT NOT NULL DEFAULT '',
    recommendation TEXT,
    provisional INTEGER,
    probability REAL,                    -- of the least sure problem; null: not known
    to_review INTEGER NOT NULL DEFAULT 0,  -- how many of its problems a person should look at
    -- 1: an adviser says what its problems are without seeing the verdict; 2: one has said it
    spot_check INTEGER NOT NULL DEFAULT 0,
    -- What is long comes last, so that the inbox need not read over it.
    state TEXT NOT NULL,                 -- JSON: what was answered, and how it was read
    advice TEXT                          -- JSON: the contract of `advise --json`; null: no verdict
) STRICT;

CREATE INDEX submission_by_age ON submission (changed_at);

CREATE INDEX submission_to_check ON submission (spot_check);

-- All that the inbox filters and counts by, so that it reads no whole row for that.
CREATE INDEX submission_found ON submission (
    id, source, started_at, finished_at, recommendation, provisional, to_review, spot_check
);

CREATE INDEX submission_by_verdict ON submission (finished_at);

CREATE VIRTUAL TABLE submission_words USING fts5 (company, problems);

CREATE TABLE review (                    -- the problems that a person should look at
    submission INTEGER NOT NULL REFERENCES submission (id) ON DELETE CASCADE,
    problem INTEGER NOT NULL,            -- its number, from 1
    rank INTEGER NOT NULL,               -- by this and the next: the smaller, the more useful
    probability REAL NOT NULL,
    PRIMARY KEY (submission, problem)
) STRICT, WITHOUT ROWID;

CREATE INDEX review_by_worth ON review (rank, probability, submission, problem);

CREATE TABLE adviser (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    password TEXT,                       -- argon2id; null: they were removed
    feed INTEGER NOT NULL DEFAULT 0,     -- how often their feed got another address
    made_at TEXT NOT NULL
) STRICT;

CREATE TABLE invitation (                -- a link that sets a password, once
    token BLOB PRIMARY KEY,              -- SHA-256
    name TEXT NOT NULL COLLATE NOCASE,   -- empty: the first adviser, who chooses it
    made_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    token BLOB PRIMARY KEY,              -- SHA-256 of the cookie
    adviser INTEGER NOT NULL REFERENCES adviser (id) ON DELETE CASCADE,
    made_at TEXT NOT NULL,
    used_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX session_by_adviser ON session (adviser);

CREATE TABLE change (                    -- what advisers changed; no words of an owner
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    submission INTEGER NOT NULL REFERENCES submission (id) ON DELETE CASCADE,
    adviser INTEGER NOT NULL REFERENCES adviser (id),
    made_at TEXT NOT NULL,
    problem INTEGER NOT NULL,            -- its number, from 1
    before TEXT,                         -- its kind before; null: it had none
    after TEXT NOT NULL,
    replaced TEXT,                       -- what an adviser had said before; null: nothing
    undone_by INTEGER REFERENCES adviser (id)
) STRICT;

CREATE INDEX change_by_submission ON change (submission);

CREATE TABLE spot_check (                -- verdicts that a person checked without seeing them
    submission INTEGER UNIQUE REFERENCES submission (id) ON DELETE SET NULL,
    adviser INTEGER NOT NULL REFERENCES adviser (id),
    made_at TEXT NOT NULL,
    answers TEXT NOT NULL,               -- JSON: the kind of each problem
    problems INTEGER NOT NULL,           -- how many the program had decided
    problems_right INTEGER NOT NULL,
    verdict_right INTEGER NOT NULL
) STRICT;

CREATE TABLE spending (                  -- of a language model
    day TEXT PRIMARY KEY,                -- UTC
    usd REAL NOT NULL
) STRICT, WITHOUT ROWID;
