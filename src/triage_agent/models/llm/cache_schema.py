"""The tables of the cache's SQLite file, and the way there from those of earlier versions."""

FORMAT = 0x74720003  # "tr" and the schema's version, which every change of SCHEMA raises
FORMAT_1 = 0x74720001  # up to 2026-11: answers with quotations in clear, and no `overrun`
FORMAT_2 = 0x74720002  # the same month: no claims and no rates
SHARED = (
    # Whose turn a question is, until when; what a rate has given, by when it is full again.
    """CREATE TABLE claim (key TEXT PRIMARY KEY, owner TEXT NOT NULL, until REAL NOT NULL)
    WITHOUT ROWID""",
    "CREATE TABLE rate (name TEXT PRIMARY KEY, full_at REAL NOT NULL) WITHOUT ROWID",
)
# What `batch_ledger` keeps, in words that SQLite and PostgreSQL both take.
BATCHES = (
    """CREATE TABLE batch (run TEXT NOT NULL PRIMARY KEY, holder TEXT NOT NULL,
    account TEXT NOT NULL, base_url TEXT NOT NULL, model TEXT NOT NULL, state TEXT NOT NULL,
    held_until DOUBLE PRECISION NOT NULL, created DOUBLE PRECISION NOT NULL,
    requests INTEGER NOT NULL, tokens BIGINT NOT NULL, reserved BIGINT NOT NULL, cost BIGINT,
    mode TEXT NOT NULL, room INTEGER NOT NULL, input_file TEXT NOT NULL, remote TEXT NOT NULL,
    status TEXT NOT NULL, output_file TEXT NOT NULL, error_file TEXT NOT NULL)""",
    # batch: empty where the question is in none; tries: batches that did not answer it
    """CREATE TABLE batch_request (question TEXT NOT NULL PRIMARY KEY,
    batch TEXT NOT NULL, tries INTEGER NOT NULL)""",
    "CREATE INDEX batch_request_of ON batch_request (batch)",
    """CREATE TABLE batch_limit (base_url TEXT NOT NULL, model TEXT NOT NULL,
    tokens BIGINT NOT NULL, PRIMARY KEY (base_url, model))""",
    "CREATE TABLE batch_turn (taken BIGINT NOT NULL)",
    "INSERT INTO batch_turn VALUES (0)",
)
SCHEMA = (
    "CREATE TABLE reply (key TEXT NOT NULL, good INTEGER, created REAL, value TEXT NOT NULL)",
    "CREATE UNIQUE INDEX served ON reply (key) WHERE good",
    # `spent` holds open reservations too, those of killed processes for good. AUTOINCREMENT:
    # after a clear, a late settlement must not meet a new account.
    """CREATE TABLE account (id INTEGER PRIMARY KEY AUTOINCREMENT, name BLOB UNIQUE,
    spent DEFAULT 0, calls DEFAULT 0, input_tokens DEFAULT 0, output_tokens DEFAULT 0,
    overrun DEFAULT 1000)""",  # the most that a bill was of its bound, in thousandths
    *SHARED,
    *BATCHES,
    f"PRAGMA user_version = {FORMAT}",
)
UPGRADES = {
    # What format 1 stored of answers is of no use, and quotes people: it goes. The spending stays.
    FORMAT_1: (
        "DELETE FROM reply",
        "ALTER TABLE account ADD COLUMN overrun DEFAULT 1000",
        *SHARED,
        *BATCHES,
        f"PRAGMA user_version = {FORMAT}",
    ),
    FORMAT_2: (*SHARED, *BATCHES, f"PRAGMA user_version = {FORMAT}"),
}
