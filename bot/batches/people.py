"""The people of a batch, as its messages name them."""

from bot.domain.audit import OPERATOR_ID
from bot.domain.records import NO_USER_ID
from shared.i18n.messages import Messages


def format_person(user_id: int | None, messages: Messages) -> str:
    """Mention a member; somebody who was forgotten (0 or None), and whoever runs the bot, are named in words."""
    nobody = {NO_USER_ID: "batch_board.somebody", OPERATOR_ID: "audit.operator"}.get(user_id or NO_USER_ID)
    return f"<@{user_id}>" if nobody is None else messages.text(nobody)
