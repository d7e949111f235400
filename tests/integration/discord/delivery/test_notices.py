"""Notices are posted once each in their channel, whatever Discord answers and whenever the bot stops."""

import logging
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import discord
import pytest
from discord import ui
from sqlalchemy import Connection

from bot.delivery.notices import NoticeSender
from bot.domain.guild_settings import GuildSettings
from bot.domain.notices import DIRECT_MESSAGE, Notice, NoticeKind
from bot.storage.notices import SqlNoticeStore, add_notice
from bot.storage.session import Database
from bot.storage.tables import notices
from shared.i18n.messages import Messages
from tests.support.builders import read_rows
from tests.support.discord_channel import DiscordChannel, read_text
from tests.support.fake_stores import FakeGuildSettingsStore

KIND = NoticeKind.AUDIT
FAULT = "POST", r"/channels/\d+/messages$"


async def render(notice: Notice, messages: Messages, guild: discord.Guild | None) -> Sequence[ui.Item[Any]]:
    """Render the text of a notice's data in a language; one with neither has nothing to tell."""
    del guild
    return (ui.TextDisplay(f"{messages.language}: {notice.data['text']}"),) if notice.data["text"] else ()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'notices.db'}")
    await database.migrate()
    yield database
    await database.close()


class NoticeBot:
    """A bot that leads and posts notices in a channel of the stand-in."""

    def __init__(self, database: Database, channel: DiscordChannel) -> None:
        self.database, self.channel = database, channel
        self.store = SqlNoticeStore(database)
        self.now = time.time() - 7200
        self.start()

    def start(self) -> None:
        """Start the bot anew, some minutes later: Discord has forgotten the nonces."""
        self.now += 600
        self.sender = NoticeSender(
            self.channel.client,
            self.store,
            {KIND: render},
            FakeGuildSettingsStore(GuildSettings(language="fr")),
            clock=lambda: self.now,
        )

    async def add(self, *texts: str, channel_id: int | None = None, **data: Any) -> None:
        place = self.channel.channel_id if channel_id is None else channel_id

        def insert(connection: Connection) -> None:
            for text in texts:
                facts = {"text": text, **data}
                add_notice(connection, text, self.channel.guild_id, place, KIND, facts, self.now - 300)

        await self.database.run_transaction(insert)

    async def list_texts(self) -> list[str]:
        return [read_text(message).strip() for message in await self.channel.list_messages()]

    def list_closed(self) -> list[tuple[bool, bool]]:
        """List for each notice whether it is closed and has a message."""
        rows = read_rows(str(self.database.url), notices)
        return [(row["closed_at"] is not None, row["message_id"] is not None) for row in rows]


@pytest.fixture
def bot(database: Database, discord_channel: DiscordChannel) -> NoticeBot:
    return NoticeBot(database, discord_channel)


async def test_notices_are_posted_once_in_order_and_in_the_language_of_the_server(bot: NoticeBot) -> None:
    await bot.add("first", "second", "")

    for _ in range(2):
        await bot.sender.send_waiting()

    assert await bot.list_texts() == ["fr: first", "fr: second"]
    assert bot.list_closed() == [(True, True), (True, True), (True, False)]


async def test_what_was_posted_and_not_recorded_is_found_by_the_next_bot(
    bot: NoticeBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bot.add("first", "second")

    async def die(*_: object) -> None:
        raise LookupError

    with monkeypatch.context() as patch:
        patch.setattr(SqlNoticeStore, "close_notice", die)
        with pytest.raises(LookupError):
            await bot.sender.send_waiting()
    requests = bot.channel.count_requests("POST", f"/channels/{bot.channel.channel_id}/messages")
    bot.start()
    await bot.sender.send_waiting()

    assert requests == 1
    assert await bot.list_texts() == ["fr: first", "fr: second"]
    assert bot.channel.count_requests("POST", f"/channels/{bot.channel.channel_id}/messages") == 2
    assert bot.list_closed() == [(True, True)] * 2


@pytest.mark.parametrize("action", ["status:503", "status_after:503", "drop_after"])
async def test_an_outage_of_discord_delays_notices_and_doubles_none(bot: NoticeBot, action: str) -> None:
    await bot.add("first", "second")
    await bot.channel.inject_fault(action, *FAULT, times=9 if action == "status:503" else 1)

    await bot.sender.send_waiting()
    before = bot.list_closed()
    await bot.channel.call_control("DELETE", "faults")
    bot.now += 400  # longer than Discord keeps nonces
    await bot.sender.send_waiting()

    assert before == [(False, False)] * 2
    assert await bot.list_texts() == ["fr: first", "fr: second"]
    assert bot.list_closed() == [(True, True)] * 2


async def test_a_channel_that_is_gone_or_forbidden_is_given_up_and_named_in_the_log(
    bot: NoticeBot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    await bot.add("elsewhere", channel_id=17)
    await bot.channel.deny_permissions("send_messages")
    await bot.add("here")

    async with bot.channel.connect_gateway() as client:
        bot.sender._client = client
        await bot.sender.send_waiting()

    assert bot.list_closed() == [(True, False)] * 2
    assert "channel 17 does not accept it" in caplog.text
    assert f"channel {bot.channel.channel_id} does not accept it (forbidden)" in caplog.text


async def test_a_notice_that_cannot_be_rendered_does_not_hold_up_the_next(bot: NoticeBot) -> None:
    def insert_broken(connection: Connection) -> None:
        add_notice(connection, "broken", bot.channel.guild_id, bot.channel.channel_id, KIND, {}, bot.now)

    await bot.database.run_transaction(insert_broken)
    await bot.add("next")

    await bot.sender.send_waiting()

    assert await bot.list_texts() == ["fr: next"]


async def test_a_direct_message_is_in_the_language_of_its_reader(bot: NoticeBot) -> None:
    await bot.add("for you", channel_id=DIRECT_MESSAGE, user_id=bot.channel.ada_id, locale="en-US")

    await bot.sender.send_waiting()

    texts = [read_text(message).strip() for message in await bot.channel.list_direct_messages()]
    assert "en: for you" in texts
    assert bot.list_closed() == [(True, True)]
