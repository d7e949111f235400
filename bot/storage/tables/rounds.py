"""Tables of contests: their state, entries, ballots, participants, reminders and messages."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from bot.storage.tables.metadata import metadata

contests: Final = Table(
    "contests",
    metadata,
    Column("id", String(25), primary_key=True, comment="the interaction that started it"),
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("thread_id", BigInteger, nullable=False, comment="where it takes place"),
    Column("host_id", BigInteger, nullable=False, comment="0 after /forget-me"),
    Column("locale", String(8), nullable=False, comment="the language of its messages"),
    Column("settings", Text, nullable=False, comment="bot.domain's ContestSettings as JSON"),
    Column("created_at", Float(53), nullable=False),
    Column("round_started_at", Float(53), nullable=False),
    Column("phase", String(16), nullable=False),
    Column("round_number", Integer, nullable=False),
    Column("deadline", Float(53), comment="when the phase ends"),
    Column("due_at", Float(53), comment="when the leading bot next has something to do; NULL: nothing"),
    Column("version", Integer, nullable=False, comment="raised by each change"),
    Column("source_job_id", String(25), comment="the entry or result that the round starts from"),
    Column("source_sha256", String(64), comment="the upload that the round starts from"),
    Column("turn_number", Integer, nullable=False),
    Column("turn_user_id", BigInteger, comment="the participant whose turn it is"),
    Column("is_reminded", Boolean, nullable=False),
    Column("end_reason", String(16)),
    Column("last_sequence", Integer, nullable=False, comment="that of its newest message"),
    Index(None, "due_at"),
    Index(None, "guild_id", "created_at"),
    Index(None, "thread_id"),
)

# A job is deleted by /forget-me, its entry only loses the author: the results of a round stay as they were.
round_entries: Final = Table(
    "round_entries",
    metadata,
    Column("job_id", String(25), primary_key=True),
    Column("contest_id", ForeignKey("contests.id", ondelete="CASCADE"), nullable=False),
    Column("round_number", Integer, nullable=False),
    Column("author_id", BigInteger, nullable=False, comment="0 after /forget-me"),
    Column("created_at", Float(53), nullable=False),
    Column("state", String(16), nullable=False),
    Column("price", BigInteger, nullable=False, comment="in millionths of a dollar"),
    Column("replaced_job_id", String(25), comment="the entry whose place it takes when its picture is there"),
    Column("number", Integer, comment="as everybody reads it; NULL before it is shown"),
    Column("points", Integer, nullable=False),
    Column("ballots", Integer, nullable=False, comment="how many ballots named it"),
    Column("is_winner", Boolean, nullable=False),
    Column("reason", Text, nullable=False, comment="why it was disqualified"),
    Index(None, "contest_id", "round_number"),
    Index(None, "author_id"),
)

# The only link between members and their choices: the transaction that counts the ballots of a vote deletes them.
round_ballots: Final = Table(
    "round_ballots",
    metadata,
    Column("contest_id", ForeignKey("contests.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("choices", Text, nullable=False, comment="numbers of entries, best first, as JSON"),
    Index(None, "user_id"),
)

round_participants: Final = Table(
    "round_participants",
    metadata,
    Column("contest_id", ForeignKey("contests.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, nullable=False, comment="the order of turns"),
    Column("has_left", Boolean, nullable=False),
    Index(None, "user_id"),
)

round_reminders: Final = Table(
    "round_reminders",
    metadata,
    Column("contest_id", ForeignKey("contests.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Index(None, "user_id"),
)

round_messages: Final = Table(
    "round_messages",
    metadata,
    Column("contest_id", ForeignKey("contests.id", ondelete="CASCADE"), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False, comment="the order in which they are sent"),
    Column("kind", String(16), nullable=False, comment="as in bot.domain.rounds"),
    Column("round_number", Integer, nullable=False),
    Column("created_at", Float(53), nullable=False),
    Column("page", Integer, nullable=False),
    Column("user_id", BigInteger, comment="the participant whose turn it is"),
    Column("job_id", String(25), comment="the entry to show"),
    Column("attempt", Integer, nullable=False, comment="how often it was deleted and sent anew"),
    Column("message_id", BigInteger, comment="NULL if it was not sent, or could not be"),
    Column("closed_at", Float(53), comment="when it was sent, or given up; NULL: it waits"),
    Index(None, "closed_at", "contest_id", "sequence"),
)
