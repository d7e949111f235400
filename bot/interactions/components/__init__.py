"""The buttons and selects under the bot's messages. All they know is in their custom ids."""

from bot.interactions.custom_ids import CustomId, JobButton, JobSelect, format_custom_id
from bot.interactions.result_buttons import (
    DYNAMIC_ITEMS,
    NO_BUTTONS,
    build_cancel_view,
    build_confirmation,
    build_details_rows,
    build_exploration_rows,
    build_metadata_run_rows,
    build_notice_rows,
    build_plan_rows,
    build_result_rows,
    build_upscale_choice,
)

__all__ = [
    "DYNAMIC_ITEMS",
    "NO_BUTTONS",
    "CustomId",
    "JobButton",
    "JobSelect",
    "build_cancel_view",
    "build_confirmation",
    "build_details_rows",
    "build_exploration_rows",
    "build_metadata_run_rows",
    "build_notice_rows",
    "build_plan_rows",
    "build_result_rows",
    "build_upscale_choice",
    "format_custom_id",
]
