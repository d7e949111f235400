"""The buttons and selects under the bot's messages. All they know is in their custom ids."""

from bot.views.press import JobButton, JobSelect, Press, custom_id
from bot.views.rows import (
    ITEMS,
    NO_BUTTONS,
    confirm,
    details_rows,
    grid_rows,
    notice_rows,
    plan_rows,
    result_rows,
    run_rows,
    upscale_choice,
    with_cancel,
)

__all__ = [
    "ITEMS",
    "NO_BUTTONS",
    "JobButton",
    "JobSelect",
    "Press",
    "confirm",
    "custom_id",
    "details_rows",
    "grid_rows",
    "notice_rows",
    "plan_rows",
    "result_rows",
    "run_rows",
    "upscale_choice",
    "with_cancel",
]
