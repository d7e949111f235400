"""The handlers that the feature adds to the bot."""

from bot.discord_client.feature import Feature
from bot.features.rounds.members import MemberHandlers
from bot.interactions.routing import Route
from bot.rounds.custom_ids import JoinRelayId, LeaveRelayId, RemindId
from bot.storage.round_stores import RoundStores


def build_rounds_feature(stores: RoundStores) -> Feature:
    """Build the handlers of the buttons under the messages of contests."""
    members = MemberHandlers(stores)
    return Feature(
        routes=[
            Route(JoinRelayId, members.join_relay),
            Route(LeaveRelayId, members.leave_relay),
            Route(RemindId, members.toggle_reminder),
        ]
    )
