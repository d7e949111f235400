"""Which buttons stand under which message."""

from typing import Any, Final

from discord import ButtonStyle, ui

from bot.phrases import Phrases
from bot.views.press import JobButton, JobSelect, custom_id

ITEMS: Final = (JobButton, JobSelect)
NO_BUTTONS: Final = None

# verb, more, style: as they stand under a picture
_PICTURE: Final = (
    (
        ("again", "", ButtonStyle.primary),
        ("vary", "subtle", ButtonStyle.secondary),
        ("vary", "strong", ButtonStyle.secondary),
        ("edit", "", ButtonStyle.secondary),
        ("source", "", ButtonStyle.secondary),
    ),
    (
        ("upscale", "", ButtonStyle.secondary),
        ("details", "", ButtonStyle.secondary),
        ("favourite", "", ButtonStyle.secondary),
        ("delete", "", ButtonStyle.danger),
    ),
)
_NOTHING_MADE: Final = (
    (
        ("again", "", ButtonStyle.primary),
        ("edit", "", ButtonStyle.secondary),
        ("delete", "", ButtonStyle.danger),
    ),
)


def result_rows(job_id: str, phrases: Phrases, *, picture: bool, upscales: bool) -> list[ui.ActionRow[Any]]:
    """Give the rows under an answer: what can be done from here."""
    rows = _PICTURE if picture else _NOTHING_MADE
    return [
        ui.ActionRow(
            *(
                button(verb, job_id, phrases, more=more, style=style)
                for verb, more, style in row
                if verb != "upscale" or upscales
            )
        )
        for row in rows
    ]


def with_cancel(job_id: str, phrases: Phrases) -> ui.View:
    """Give the view of a status message whose job can still be cancelled."""
    view = ui.View(timeout=None)
    view.add_item(button("cancel", job_id, phrases))
    return view


def button(
    verb: str, job_id: str, phrases: Phrases, *, more: str = "", style: ButtonStyle = ButtonStyle.secondary
) -> JobButton:
    """Make a button with its label `button.<verb>` or `button.<verb>_<more>`, a word and never a sign alone."""
    label = phrases.say(f"button.{verb}_{more}" if more else f"button.{verb}")
    return JobButton(ui.Button(style=style, label=label, custom_id=custom_id(verb, job_id, more)))
