"""The commands and handlers that the feature adds to the bot."""

from bot.discord_client.command_builder import build_command
from bot.discord_client.feature import Feature
from bot.features.privacy.command import ConfirmForgetId, ForgetMeCommand
from bot.features.privacy.store import SqlUserDataStore
from bot.interactions.access import Access
from bot.interactions.routing import Route
from bot.queue.job_queue import RedisJobQueue
from bot.queue.saved_searches import RedisSavedSearchStore
from bot.storage.session import Database


def build_privacy_feature(database: Database, queue: RedisJobQueue, saved_searches: RedisSavedSearchStore) -> Feature:
    """Build `/forget-me` and the handler of its confirmation."""
    command = ForgetMeCommand(SqlUserDataStore(database), queue, saved_searches)
    return Feature(
        commands=[build_command("forget_me", command.show_stored_data)],
        routes=[Route(ConfirmForgetId, command.delete_stored_data)],
        access=Access.ALWAYS,
    )
