"""The commands and handlers that the feature adds to the bot."""

from bot.discord_client.command_builder import build_command
from bot.discord_client.feature import Feature
from bot.features.queue.command import CancelQueuedJobId, QueueCommand
from bot.interactions.access import Access
from bot.interactions.result_buttons import CancelId
from bot.interactions.routing import Route
from bot.queue.job_queue import RedisJobQueue
from bot.submission.cancellation import JobCancellation
from shared.catalogue import Catalogue


def build_queue_feature(queue: RedisJobQueue, cancellation: JobCancellation, catalogue: Catalogue) -> Feature:
    """Build `/queue` and the handlers of its buttons and of those under status messages."""
    command = QueueCommand(queue, cancellation, catalogue)
    return Feature(
        commands=[build_command("queue", command.show_queue)],
        routes=[
            Route(CancelQueuedJobId, command.cancel_job),
            Route(CancelId, cancellation.cancel_and_report),
        ],
        access=Access.ALWAYS,
    )
