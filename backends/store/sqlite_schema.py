"""The tables, as numbered migrations. A released one is never changed; a new one is added at the end.

Times are integer microseconds since 1970 in UTC, days and hours counted from there; options and settings are JSON.
"""

from __future__ import annotations

Migration = tuple[str, ...]

APPLICATION_ID = 0x496E6B6C
"""Marks the file as Inkling's: the letters `Inkl`."""

_FIRST: Migration = (
    """
    CREATE TABLE workspaces (
        front TEXT NOT NULL,
        workspace_id TEXT NOT NULL,
        settings TEXT NOT NULL,
        version INTEGER NOT NULL,
        PRIMARY KEY (front, workspace_id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE audit (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        front TEXT NOT NULL,
        workspace_id TEXT NOT NULL,
        at INTEGER NOT NULL,
        actor_id TEXT NOT NULL,
        actor_name TEXT NOT NULL,
        action TEXT NOT NULL
    )
    """,
    "CREATE INDEX audit_latest ON audit (front, workspace_id, number)",
    "CREATE INDEX audit_actor ON audit (front, workspace_id, actor_id)",
    """
    CREATE TABLE requests (
        id TEXT PRIMARY KEY NOT NULL,
        idempotency_key TEXT NOT NULL UNIQUE,
        front TEXT NOT NULL,
        workspace_id TEXT NOT NULL,
        channel TEXT NOT NULL,
        requester_id TEXT NOT NULL,
        requester_name TEXT NOT NULL,
        kind TEXT NOT NULL,
        prompt TEXT NOT NULL,
        options TEXT NOT NULL,
        baseline TEXT NOT NULL,
        backend TEXT NOT NULL,
        model TEXT,
        created_at INTEGER NOT NULL,
        group_id TEXT NOT NULL,
        parent_id TEXT,
        parent_sample INTEGER,
        private INTEGER NOT NULL,
        cut INTEGER NOT NULL,
        notes TEXT NOT NULL,
        reply_ref TEXT,
        status TEXT NOT NULL,
        error TEXT,
        started_at INTEGER,
        finished_at INTEGER,
        withdrawn INTEGER NOT NULL,
        CHECK ((parent_id IS NULL) = (parent_sample IS NULL))
    )
    """,
    "CREATE INDEX requests_open ON requests (id) WHERE status IN ('accepted', 'running')",
    "CREATE INDEX requests_person ON requests (front, workspace_id, requester_id, id)",
    "CREATE INDEX requests_channel ON requests (front, workspace_id, channel, id)",
    "CREATE INDEX requests_age ON requests (front, workspace_id, created_at)",
    "CREATE INDEX requests_group ON requests (group_id, id)",
    "CREATE INDEX requests_parent ON requests (parent_id, id) WHERE parent_id IS NOT NULL",
    """
    CREATE TABLE samples (
        request_id TEXT NOT NULL REFERENCES requests (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        seed INTEGER NOT NULL,
        text TEXT NOT NULL,
        ended TEXT,
        stop_reason TEXT,
        completion_tokens INTEGER,
        PRIMARY KEY (request_id, number)
    )
    """,
    """
    CREATE TABLE presets (
        front TEXT NOT NULL,
        workspace_id TEXT NOT NULL,
        user_id TEXT NOT NULL,
        name TEXT NOT NULL,
        overrides TEXT NOT NULL,
        PRIMARY KEY (front, workspace_id, user_id, name)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE usage (
        front TEXT NOT NULL,
        workspace_id TEXT NOT NULL,
        hour INTEGER NOT NULL,
        requests INTEGER NOT NULL,
        samples INTEGER NOT NULL,
        completion_tokens INTEGER NOT NULL,
        busy_s REAL NOT NULL,
        PRIMARY KEY (front, workspace_id, hour)
    ) WITHOUT ROWID
    """,
)

_DELIVERED: Migration = (
    "ALTER TABLE requests ADD COLUMN delivered INTEGER NOT NULL DEFAULT 0",
    "UPDATE requests SET delivered = 1 WHERE finished_at IS NOT NULL",
    """
    CREATE INDEX requests_undelivered ON requests (finished_at)
        WHERE delivered = 0 AND finished_at IS NOT NULL
    """,
)

_POSTS: Migration = (
    """
    CREATE TABLE posts (
        number INTEGER PRIMARY KEY,
        front TEXT NOT NULL,
        workspace_id TEXT NOT NULL,
        address TEXT NOT NULL,
        request_id TEXT NOT NULL REFERENCES requests (id) ON DELETE CASCADE,
        sample INTEGER,
        part INTEGER NOT NULL,
        UNIQUE (front, workspace_id, address)
    )
    """,
    "CREATE INDEX posts_request ON posts (request_id, number)",
)

_INSTALLATIONS: Migration = (
    """
    CREATE TABLE installations (
        front TEXT NOT NULL,
        workspace_id TEXT NOT NULL,
        installation TEXT NOT NULL,
        PRIMARY KEY (front, workspace_id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE install_states (
        state TEXT PRIMARY KEY NOT NULL,
        expires_at INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
)

_STORIES: Migration = (
    "ALTER TABLE requests ADD COLUMN origin_id TEXT",
    "ALTER TABLE requests ADD COLUMN story_id TEXT NOT NULL DEFAULT ''",
    # Which alternative was pressed was not kept; the first one of the group always was there.
    "UPDATE requests SET origin_id = CASE WHEN group_id <> id THEN group_id ELSE parent_id END",
    "CREATE INDEX requests_origin ON requests (origin_id)",
    """
    WITH RECURSIVE told (id, story) AS (
        SELECT id, coalesce(origin_id, id) FROM requests
            WHERE origin_id IS NULL OR origin_id NOT IN (SELECT id FROM requests)
        UNION ALL SELECT requests.id, told.story FROM told JOIN requests ON requests.origin_id = told.id
    )
    UPDATE requests SET story_id = told.story FROM told WHERE told.id = requests.id
    """,
    "DROP INDEX requests_origin",
    "CREATE INDEX requests_story ON requests (story_id, id)",
)

_VOTES: Migration = (
    """
    CREATE TABLE votes (
        request_id TEXT NOT NULL REFERENCES requests (id) ON DELETE CASCADE,
        user_id TEXT NOT NULL,
        PRIMARY KEY (request_id, user_id)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX votes_person ON votes (user_id)",
)

# Where an older branch left its parent was not kept; how far the texts agree is nearly that.
_FORKS: Migration = ("ALTER TABLE requests ADD COLUMN parent_kept INTEGER",)

MIGRATIONS: tuple[Migration, ...] = (_FIRST, _DELIVERED, _POSTS, _INSTALLATIONS, _STORIES, _VOTES, _FORKS)
"""MIGRATIONS[n] leads from version n to version n + 1."""
