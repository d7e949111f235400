"""All that is stored about contests."""

import time
from collections.abc import Callable
from typing import Final

from bot.storage.ballots import SqlBallotStore
from bot.storage.round_members import SqlRoundMemberStore
from bot.storage.round_messages import SqlRoundMessageStore
from bot.storage.rounds import SqlRoundStore
from bot.storage.session import Database


class RoundStores:
    """The stores of contests, on one database. `clock` gives Unix seconds."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self.contests: Final = SqlRoundStore(database, clock=clock)
        self.ballots: Final = SqlBallotStore(database, clock=clock)
        self.members: Final = SqlRoundMemberStore(database, clock=clock)
        self.messages: Final = SqlRoundMessageStore(database, clock=clock)
