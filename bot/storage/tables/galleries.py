"""The galleries of guilds, and the results in them."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, String, Table, Text

from bot.storage.tables.metadata import metadata

gallery_settings: Final = Table(
    "gallery_settings",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel_id", BigInteger, comment="text channel or forum; NULL: there is no gallery"),
    Column("min_favourites", Integer, comment="how many people's favourites put a result in; NULL: none"),
    Column("count_own_marks", Boolean, nullable=False, comment="the author's own favourite counts"),
    Column("ignored_channel_ids", Text, comment="whose favourites put nothing in, as JSON; NULL: none"),
)

# A row outlives its job, which /forget-me deletes: only then is its message taken away.
gallery_posts: Final = Table(
    "gallery_posts",
    metadata,
    Column("job_id", String(25), primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("reason", String(16), nullable=False, comment="as in bot.domain.gallery"),
    Column("state", String(16), nullable=False, comment="waiting, posted, removing or removed"),
    Column("created_at", Float(53), nullable=False),
    Column("due_at", Float(53), comment="when the leading bot looks at it next; NULL: never"),
    Column("version", Integer, nullable=False, comment="raised by each change that the message has to show"),
    Column("failures", Integer, nullable=False, comment="attempts that failed in a row"),
    Column("attempted_at", Float(53), comment="when the last attempt to post it began"),
    Column("channel_id", BigInteger, comment="where it was tried or posted; in a forum, the forum"),
    Column("message_id", BigInteger, comment="in a forum, its post has the same id"),
    Column("removed_by", String(16), comment="author, moderator, or deletion of the result"),
    Index(None, "due_at"),
    Index(None, "guild_id", "state"),
)
