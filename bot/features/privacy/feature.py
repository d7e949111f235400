"""The commands and handlers that the feature adds to the bot."""

from bot.discord_client.command_builder import build_command
from bot.discord_client.feature import Feature
from bot.domain.notices import NoticeKind
from bot.features.privacy.command import ConfirmForgetId, ForgetMeCommand
from bot.features.privacy.notice import render_deletion_notice
from bot.features.privacy.store import SqlUserDataStore
from bot.interactions.access import Access
from bot.interactions.routing import Route
from bot.storage.data_deletions import SqlDataDeletions


def build_privacy_feature(deletions: SqlDataDeletions) -> Feature:
    """Build `/forget-me`, the handler of its confirmation, and the notice that all is deleted."""
    command = ForgetMeCommand(SqlUserDataStore(deletions.database), deletions)
    return Feature(
        commands=[build_command("forget_me", command.show_stored_data)],
        routes=[Route(ConfirmForgetId, command.delete_stored_data)],
        access=Access.ALWAYS,
        notice_renderers={NoticeKind.DATA_DELETION: render_deletion_notice},
    )
