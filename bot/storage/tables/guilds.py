"""The settings of guilds, their moderation, and notices for their channels."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, String, Table, Text

from bot.storage.tables.metadata import metadata

guild_settings: Final = Table(
    "guild_settings",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("button_policy", String(16), nullable=False, comment="who may use the buttons under a result"),
    Column("result_place", String(16), comment="where results appear"),
    Column("language", String(8), comment="NULL: the language of the requester"),
    Column("ask_price", Boolean, comment="several pictures show the price first"),
    Column("time_zone", String(64), comment="IANA name of the zone in which budgets' days begin; NULL: UTC"),
    Column("queue_state", String(16), comment="open, paused or draining; NULL: open"),
    Column("allowed_channel_ids", Text, comment="where the bot may be used, as JSON; NULL: everywhere"),
    Column("allowed_role_ids", Text, comment="whose members may use it, as JSON; NULL: everyone"),
    Column("models", Text, comment="the models on offer, as JSON; NULL: all"),
    Column("tasks", Text, comment="the tasks on offer, as JSON; NULL: all"),
    Column(
        "max_price",
        BigInteger,
        comment="of a request of a member who is no moderator, in millionths of a dollar; NULL: no limit",
    ),
    Column("allow_private", Boolean, comment="results may be sent as direct messages; NULL: yes"),
    Column("word_policy", String(16), comment="where prompts with a listed word are refused"),
    Column("default_preset", String(12), comment="code of the preset"),
    Column("log_channel_id", BigInteger, comment="where reports are posted"),
    Column("notice_channel_id", BigInteger, comment="where budget notices are posted"),
    Column("mirror_audit", Boolean, comment="lines of the audit log are posted to the log channel"),
    Column("retention_days", Integer, comment="how long images are stored; NULL: IMAGE_RETENTION_DAYS"),
)

blocks: Final = Table(
    "blocks",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("created_at", Float(53), nullable=False),
    Column("ends_at", Float(53), comment="NULL: it does not end by itself"),
)

audit_entries: Final = Table(
    "audit_entries",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("actor_id", BigInteger, nullable=False, comment="who did it; 0 after /forget-me"),
    Column("action", String(32), nullable=False, comment="as in bot.domain.audit"),
    Column("target_id", BigInteger, comment="the user, role, channel or job it was done to"),
    Column("reason", Text, nullable=False),
    Column("created_at", Float(53), nullable=False),
    Column("setting", String(32), comment="the setting that was changed"),
    Column("old_value", Text, comment="of the setting, as JSON"),
    Column("new_value", Text, comment="of the setting, as JSON"),
    Index(None, "guild_id", "id"),
)

word_rules: Final = Table(
    "word_rules",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("pattern", String(100), nullable=False, comment="as it was typed; * stands for any letters"),
    Column("folded_pattern", String(400), nullable=False, comment="as prompts are compared with it"),
    Column("created_by", BigInteger, nullable=False, comment="0 after /forget-me"),
    Column("created_at", Float(53), nullable=False),
    Index(None, "guild_id", "folded_pattern", unique=True),
)

reports: Final = Table(
    "reports",
    metadata,
    Column("job_id", String(25), primary_key=True),
    Column("reporter_id", BigInteger, primary_key=True, autoincrement=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False, comment="result, or filter for a false alarm"),
    Column("reason", Text, nullable=False),
    Column("created_at", Float(53), nullable=False),
    Column("closed_by", BigInteger, comment="the moderator who acted on it"),
    Column("closed_at", Float(53)),
    Index(None, "guild_id", "created_at"),
)

notices: Final = Table(
    "notices",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("unique_key", String(100), nullable=False, comment="the same event never makes two notices"),
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False, comment="as in bot.domain.notices"),
    Column("data", Text, nullable=False, comment="the facts that it tells, as JSON"),
    Column("created_at", Float(53), nullable=False),
    Column("closed_at", Float(53), comment="when it was posted, or given up; NULL: it waits"),
    Column("message_id", BigInteger, comment="NULL if it could not be posted"),
    Index(None, "unique_key", unique=True),
    Index(None, "closed_at", "id"),
)
