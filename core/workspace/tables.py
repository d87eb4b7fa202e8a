"""Tables of the records database. Where people write at once, rows are only ever added."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _short(name: str, length: int = 16) -> Column[str]:
    return Column(name, String(length), nullable=False)


def _at(name: str = "at") -> Column[str]:
    return Column(name, String(32), nullable=False)  # UTC, ISO 8601


def _story(name: str, *columns: Column[Any] | UniqueConstraint, of: str = "project_id") -> Table:
    """Return a table whose rows are numbered as they come and belong to one project or round."""
    number = Column("number", Integer, primary_key=True, autoincrement=True)
    owner = Column(of, String(16), nullable=False, index=True)
    return Table(name, metadata, number, owner, *columns, _at())


projects = Table(
    "projects",
    metadata,
    Column("id", String(16), primary_key=True),
    _text("name"),
    _at("created_at"),
    Column("dataset_id", String(16)),
    Column("deleted_at", String(32)),
)

# One row per changed value; the newest row of a key is the value in force.
settings = _story("settings", _short("key", 64), Column("value", JSON, nullable=False))

recipes = Table(
    "recipes",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("project_id", String(16), nullable=False, index=True),
    _text("name"),
    Column("recipe", JSON, nullable=False),
    _text("who"),
    _at(),
)

overrides = _story(
    "overrides",
    *(_text("question"), _text("answer"), Column("value", Float), _text("who"), _text("reason")),
)

# What people say about pairs; value None: "cannot say" or withdrawn, see ``scale``.
ratings = _story(
    "ratings",
    *(_text("question"), _text("answer"), _text("rater"), Column("value", Float), _short("scale")),
)

# Blind votes: what is asked (see core.workspace.feedback), what people chose, who ended a round.
vote_rounds = _story(
    "vote_rounds",
    Column("id", String(16), nullable=False, unique=True),
    Column("settings", JSON, nullable=False),
    _text("who"),
)
votes = _story(
    "votes",
    Column("position", Integer, nullable=False),
    *(_text("voter"), _short("left_arm", 64), _short("choice")),
    of="round_id",
)
vote_openings = _story(
    "vote_openings",
    _text("who"),
    Column("votes", Integer, nullable=False),
    Column("early", Integer, nullable=False),
    of="round_id",
)

# What people wrote about questions on the Compare page; see ``core.workspace.feedback``.
question_notes = _story(
    "question_notes",
    *(_short("kind"), _text("question"), _text("answer"), _text("text"), _text("who")),
)

# What people were asked through a link, what they gave, and what became of a round; what a browser
# sends twice has one token. See ``core.types.asked_rounds``.
ask_rounds = _story(
    "ask_rounds",
    Column("id", String(16), nullable=False, unique=True),
    *(_short("kind"), Column("settings", JSON, nullable=False), _text("who")),
)
ask_entries = _story(
    "ask_entries",
    Column("project_id", String(16), nullable=False, index=True),
    Column("place", Integer, nullable=False),
    Column("answer", Integer, nullable=False),
    *(_text("person"), _short("word"), _text("text"), _short("token", 48)),
    UniqueConstraint("ask_id", "token"),
    of="ask_id",
)
ask_steps = _story(
    "ask_steps",
    Column("project_id", String(16), nullable=False, index=True),
    *(_short("what"), _short("dataset_id"), _text("who")),
    UniqueConstraint("ask_id", "what"),
    of="ask_id",
)

# The search page of a pilot: how it works from when on, what people did, what became of it; what a
# browser sends twice has one token. See ``core.types.pilot_events``.
pilot_plans = _story(
    "pilot_plans",
    Column("id", String(16), nullable=False, unique=True),
    *(_short("link", 32), Column("settings", JSON, nullable=False), _text("who")),
)
pilot_events = _story(
    "pilot_events",
    Column("project_id", String(16), nullable=False, index=True),
    *(_short("token", 48), Column("search", String(48), nullable=False, index=True)),
    *(_short("kind"), _short("visitor", 48), _text("text")),
    Column("place", Integer, nullable=False),
    Column("shown", JSON, nullable=False),
    Column("count", Float, nullable=False),
    UniqueConstraint("plan_id", "token"),
    of="plan_id",
)
pilot_steps = _story(
    "pilot_steps",
    Column("project_id", String(16), nullable=False, index=True),
    *(_short("what"), _text("who")),
    UniqueConstraint("about", "what"),
    of="about",
)

# The model registry: each model that was taken in, and who gave it which alias. See
# ``core.types.model_registry``.
model_versions = _story(
    "model_versions",
    Column("version", Integer, nullable=False),
    *(_short("run", 64), _text("model"), Column("lineage", JSON, nullable=False), _text("who")),
    UniqueConstraint("project_id", "version"),
)
model_decisions = _story(
    "model_decisions",
    Column("version", Integer, nullable=False),
    *(_short("what"), _text("who"), _text("reason"), Column("detail", JSON, nullable=False)),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("project_id", String(16), nullable=False, index=True),
    _short("kind"),
    _at(),
)

# What everybody did, and the seal of each entry (see core.workspace.audit); never changed.
audit_seals = Table(
    "audit_seals",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    _short("seal", 64),
    _short("detail_sha256", 64),
)
audit = _story("audit", _short("what", 32), _text("who"), Column("detail", JSON, nullable=False))
