"""The tables of a cache in PostgreSQL, as steps that each database takes once, in this order.

Yoyo, which keeps the web's tables, marks a migration under way by a row that a killed process
leaves behind; hundreds of workers that start at once need a lock that goes with its holder.
"""

from triage_agent.models.llm.cache_schema import BATCHES

LOCK = 0x74720000  # "tr": the advisory lock under which the steps are taken
# A step that was released is never changed; another is added at the end.
MIGRATIONS = (
    """
    -- Seconds since 1970, as they pass within a transaction too.
    CREATE FUNCTION triage.clock() RETURNS double precision LANGUAGE sql VOLATILE
        AS 'SELECT extract(epoch FROM clock_timestamp())::double precision';
    -- What is set aside for a bound, where bills were up to `overrun` thousandths of theirs.
    CREATE FUNCTION triage.amount(bound bigint, overrun bigint) RETURNS bigint
        LANGUAGE sql IMMUTABLE
        AS 'SELECT trunc((bound::numeric * overrun + 999) / 1000)::bigint';
    CREATE TABLE triage.reply (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        key text NOT NULL,
        good boolean NOT NULL,
        created double precision NOT NULL,
        value text NOT NULL
    );
    CREATE UNIQUE INDEX reply_served ON triage.reply (key) WHERE good;
    CREATE INDEX reply_created ON triage.reply (created);
    CREATE TABLE triage.account (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name bytea NOT NULL UNIQUE,
        spent bigint NOT NULL DEFAULT 0,
        calls bigint NOT NULL DEFAULT 0,
        input_tokens bigint NOT NULL DEFAULT 0,
        output_tokens bigint NOT NULL DEFAULT 0,
        overrun bigint NOT NULL DEFAULT 1000
    ) WITH (fillfactor = 20); -- a row that is changed thousands of times a second stays in its page
    CREATE TABLE triage.claim (
        key text PRIMARY KEY,
        owner text NOT NULL,
        until double precision NOT NULL
    );
    CREATE INDEX claim_owner ON triage.claim (owner);
    CREATE TABLE triage.rate (
        name text PRIMARY KEY,
        full_at double precision NOT NULL
    );
    """,
    ";".join(BATCHES),
)
