"""Tables of teams."""

from typing import Final

from sqlalchemy import BigInteger, Column, Float, Index, String, Table, Text

from bot.storage.tables.metadata import metadata

teams: Final = Table(
    "teams",
    metadata,
    Column("role_id", BigInteger, primary_key=True, autoincrement=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("name", String(100), nullable=False, comment="the name of the role when it was last seen"),
    Column("weight", Float(53), nullable=False, comment="turns in the queue for each of a person"),
    Column("approver_role_id", BigInteger, comment="NULL: those who may manage the server"),
    Column("approval_limit", BigInteger, comment="millionths of a dollar; NULL: no batch needs an approval"),
    Column("defaults", Text, nullable=False, comment="option names to values, as JSON"),
    Column("locked", Text, nullable=False, comment="names of options that nobody can choose, as JSON"),
    Column("priority", String(8), nullable=False, comment="normal or low"),
    Column("created_by", BigInteger, nullable=False, comment="0 after /forget-me"),
    Column("created_at", Float(53), nullable=False),
    Index(None, "guild_id"),
)

team_choices: Final = Table(
    "team_choices",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("role_id", BigInteger, nullable=False, comment="the team that they ask for; 0: themselves"),
)
