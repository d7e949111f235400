"""What the bot shows, as pure functions from the domain's values to text and Components V2."""

from bot.rendering.details import build_details_view, format_price
from bot.rendering.markdown import build_thread_name, compute_component_id
from bot.rendering.outcome_views import (
    ActionRows,
    build_expired_view,
    build_failed_view,
    build_filtered_view,
    build_result_view,
)
from bot.rendering.settings_text import format_number
from bot.rendering.status_text import format_outcome_status, format_preparing_status, format_status

__all__ = [
    "ActionRows",
    "build_details_view",
    "build_expired_view",
    "build_failed_view",
    "build_filtered_view",
    "build_result_view",
    "build_thread_name",
    "compute_component_id",
    "format_number",
    "format_outcome_status",
    "format_preparing_status",
    "format_price",
    "format_status",
]
