"""What the bot shows, as pure functions from the domain's values to text and Components V2."""

from bot.render.answers import Rows, expired_view, failed_view, filtered_view, result_view
from bot.render.details import details_view, price
from bot.render.facts import number
from bot.render.status import answered_text, preparing_text, status_text
from bot.render.text import mark, thread_name

__all__ = [
    "Rows",
    "answered_text",
    "details_view",
    "expired_view",
    "failed_view",
    "filtered_view",
    "mark",
    "number",
    "preparing_text",
    "price",
    "result_view",
    "status_text",
    "thread_name",
]
