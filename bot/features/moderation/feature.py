"""The commands and handlers that the feature adds to the bot."""

from discord import Permissions, app_commands

from bot.discord_client.command_builder import build_command, build_guild_group
from bot.discord_client.feature import Feature
from bot.domain.notices import NoticeKind
from bot.features.moderation.audit import AuditCommands
from bot.features.moderation.command import ModerationCommands
from bot.features.moderation.delete import DeleteCommand
from bot.features.moderation.queue_view import CancelServerJobId, ServerQueuePageId
from bot.features.moderation.server_queue import ServerQueueCommands
from bot.features.moderation.view import AuditPageId
from bot.interactions.access import Access
from bot.interactions.routing import Route
from bot.storage.audit_log import SqlAuditLog
from bot.storage.blocks import SqlBlockStore
from bot.submission.cancellation import JobCancellation


def build_moderation_feature(
    blocks: SqlBlockStore,
    audit_log: SqlAuditLog,
    cancellation: JobCancellation,
    audit: AuditCommands,
    delete: DeleteCommand,
    server_queue: ServerQueueCommands,
) -> Feature:
    """Build `/moderate`, which Discord shows to those who may time out members, and `/audit`, to managers.

    A server's administrators can show them to others, whom the bot refuses.
    https://discord.com/developers/docs/interactions/application-commands#permissions
    """
    handler = ModerationCommands(blocks, audit_log, cancellation)
    group = build_guild_group(
        "moderate",
        (
            build_command("moderate.block", handler.block),
            build_command("moderate.unblock", handler.unblock),
            build_command("moderate.blocked", handler.show_blocked),
            build_command("moderate.cancel", handler.cancel),
            build_command("moderate.queue", server_queue.show_queue),
            build_command("moderate.pause", server_queue.pause_queue),
            build_command("moderate.drain", server_queue.drain_queue),
            build_command("moderate.resume", server_queue.resume_queue),
            build_command("moderate.delete", delete.delete_result, autocomplete={"result": delete.autocomplete_result}),
        ),
        permissions=Permissions(moderate_members=True),
    )
    audit_command = build_command("audit", audit.show_audit_log)
    app_commands.allowed_contexts(guilds=True, dms=False)(audit_command)
    app_commands.default_permissions(manage_guild=True)(audit_command)
    return Feature(
        commands=[group, audit_command],
        routes=[
            Route(AuditPageId, audit.show_older_entries),
            Route(ServerQueuePageId, server_queue.show_page),
            Route(CancelServerJobId, server_queue.cancel_job),
        ],
        access=Access.ALWAYS,
        notice_renderers={
            NoticeKind.AUDIT: audit.render_audit_notice,
            NoticeKind.DELETION: handler.render_deletion_notice,
        },
    )
