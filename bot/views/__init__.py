"""The buttons and selects under the bot's messages. All they know is in their custom ids."""

from bot.views.press import JobButton, JobSelect, Press, custom_id
from bot.views.rows import ITEMS, NO_BUTTONS, result_rows, with_cancel

__all__ = ["ITEMS", "NO_BUTTONS", "JobButton", "JobSelect", "Press", "custom_id", "result_rows", "with_cancel"]
