"""Preferences, and the presets and style sets of people and guilds."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from bot.storage.tables.metadata import build_partial_index, metadata

IS_PERSONAL: Final = text("guild_id = 0")

IS_OF_GUILD: Final = text("guild_id <> 0")


user_preferences: Final = Table(
    "user_preferences",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("language", String(8), comment="NULL: the language of their Discord client"),
    Column("pings", Boolean, nullable=False),
    Column("private", Boolean, nullable=False, comment="results are sent as direct messages"),
    Column("options", Text, nullable=False, comment="defaults of /imagine's options, as JSON"),
    Column("ping", String(16), comment="when a result pings; NULL: see pings"),
    Column("reuse_policy", String(16), comment="who may build on their results"),
    Column("in_galleries", Boolean, comment="others may show their results in galleries; NULL: yes"),
)

presets: Final = Table(
    "presets",
    metadata,
    Column("code", String(12), primary_key=True, comment="shared to give others a copy"),
    Column("user_id", BigInteger, nullable=False, comment="who saved it"),
    Column("guild_id", BigInteger, nullable=False, comment="the guild that owns it; 0 for a personal preset"),
    Column("name", String(64), nullable=False),
    Column("folded_name", String(64), nullable=False, comment="the name case-folded, unique per owner"),
    Column("options", Text, nullable=False, comment="option names to values, as JSON"),
    Column("saved_at", Float(53), nullable=False),
    Index(None, "guild_id", "user_id"),
    build_partial_index("uq_presets_personal", "user_id", "folded_name", where=IS_PERSONAL, unique=True),
    build_partial_index("uq_presets_guild", "guild_id", "folded_name", where=IS_OF_GUILD, unique=True),
)

style_sets: Final = Table(
    "style_sets",
    metadata,
    Column("id", String(16), primary_key=True, comment="random"),
    Column("user_id", BigInteger, nullable=False, comment="who made it"),
    Column("guild_id", BigInteger, nullable=False, comment="the guild that owns it; 0 for a person's own"),
    Column("name", String(64), nullable=False),
    Column("folded_name", String(64), nullable=False, comment="the name case-folded, unique per owner"),
    Column("created_at", Float(53), nullable=False),
    Index(None, "guild_id", "user_id"),
    build_partial_index("uq_style_sets_personal", "user_id", "folded_name", where=IS_PERSONAL, unique=True),
    build_partial_index("uq_style_sets_guild", "guild_id", "folded_name", where=IS_OF_GUILD, unique=True),
)

style_pictures: Final = Table(
    "style_pictures",
    metadata,
    Column("style_set_id", ForeignKey("style_sets.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False, comment="from 1, without gaps"),
    Column("picture", LargeBinary, nullable=False, comment="JPEG of at most 1536 pixels on the longer side"),
)

data_deletions: Final = Table(
    "data_deletions",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("guild_id", BigInteger, nullable=False, comment="where it was confirmed; 0 in a direct message"),
    Column("locale", String(8), nullable=False, comment="the person's language, in which they learn its end"),
    Column("requested_at", Float(53), nullable=False),
    Column("counts", Text, nullable=False, comment="numbers of deleted rows by kind, as JSON"),
    Column("finished_at", Float(53), comment="when all was deleted; the row goes once the person knows it"),
)
