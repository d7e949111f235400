"""All that is stored about contests."""

from typing import Final

from bot.storage.ballots import SqlBallotStore
from bot.storage.round_members import SqlRoundMemberStore
from bot.storage.round_messages import SqlRoundMessageStore
from bot.storage.rounds import SqlRoundStore
from bot.storage.session import Database


class RoundStores:
    """The stores of contests, on one database."""

    def __init__(self, database: Database) -> None:
        self.contests: Final = SqlRoundStore(database)
        self.ballots: Final = SqlBallotStore(database)
        self.members: Final = SqlRoundMemberStore(database)
        self.messages: Final = SqlRoundMessageStore(database)
