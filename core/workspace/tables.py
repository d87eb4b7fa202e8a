"""Tables of the records database. Where people write at once, rows are only ever added."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Integer, MetaData, String, Table, Text

metadata = MetaData()

projects = Table(
    "projects",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("dataset_id", String(16)),
    Column("deleted_at", String(32)),
)

# One row per changed value; the newest row of a key is the value in force.
settings = Table(
    "settings",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("project_id", String(16), nullable=False, index=True),
    Column("key", String(64), nullable=False),
    Column("value", JSON, nullable=False),
    Column("at", String(32), nullable=False),
)

recipes = Table(
    "recipes",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("project_id", String(16), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("recipe", JSON, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", String(32), nullable=False),
)

overrides = Table(
    "overrides",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("project_id", String(16), nullable=False, index=True),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("value", Float),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", String(32), nullable=False),
)

# What people say about pairs; value None: "cannot say" or withdrawn, see ``scale``.
ratings = Table(
    "ratings",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("project_id", String(16), nullable=False, index=True),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("rater", Text, nullable=False),
    Column("value", Float),
    Column("scale", String(16), nullable=False),
    Column("at", String(32), nullable=False),
)

# Blind votes: what is asked (see core.workspace.feedback), what people chose, who ended a round.
vote_rounds = Table(
    "vote_rounds",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String(16), nullable=False, unique=True),
    Column("project_id", String(16), nullable=False, index=True),
    Column("settings", JSON, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", String(32), nullable=False),
)

votes = Table(
    "votes",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("round_id", String(16), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("voter", Text, nullable=False),
    Column("left_arm", String(64), nullable=False),
    Column("choice", String(16), nullable=False),
    Column("at", String(32), nullable=False),
)

vote_openings = Table(
    "vote_openings",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("round_id", String(16), nullable=False, index=True),
    Column("who", Text, nullable=False),
    Column("votes", Integer, nullable=False),
    Column("early", Integer, nullable=False),
    Column("at", String(32), nullable=False),
)

# What people wrote about questions on the Compare page; see ``core.workspace.feedback``.
question_notes = Table(
    "question_notes",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("project_id", String(16), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", String(32), nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("project_id", String(16), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("at", String(32), nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("project_id", String(16), nullable=False, index=True),
    Column("what", String(32), nullable=False),
    Column("who", Text, nullable=False),
    Column("at", String(32), nullable=False),
    Column("detail", JSON, nullable=False),
)
