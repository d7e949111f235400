"""What every button under an answer does, and every form that one opens, by the verb of its custom id."""

from collections.abc import Awaitable, Callable, Mapping

import discord

from bot.intake import Intake
from bot.interactions.forms import Form
from bot.ports import Cancelling, Favourites, Knowing
from bot.presses.again import Again, Vary
from bot.presses.cancel import Cancel
from bot.presses.delete import Delete, DeleteYes
from bot.presses.details import Details
from bot.presses.edit import Edit
from bot.presses.favourite import Favourite
from bot.presses.run import Run
from bot.presses.upscale import Upscale
from bot.recall import Recall
from bot.views import Press

Presses = Mapping[str, Callable[[discord.Interaction, Press], Awaitable[None]]]
Forms = Mapping[str, Callable[[discord.Interaction, Form], Awaitable[None]]]


def buttons(
    intake: Intake, recall: Recall, people: Knowing, favourites: Favourites, queue: Cancelling
) -> tuple[Presses, Forms]:
    """Give the handlers of all presses and forms."""
    edit, on_result = Edit(intake, recall, people), Edit(intake, recall, people, on_result=True)
    presses: Presses = {
        "again": Again(intake, recall, people),
        "exact": Again(intake, recall, people, exactly=True),
        "vary": Vary(intake, recall, people),
        "edit": edit,
        "source": on_result,
        "upscale": Upscale(intake, recall, people),
        "details": Details(intake.catalogue, recall),
        "run": Run(intake, recall),
        "favourite": Favourite(favourites, recall),
        "delete": Delete(recall),
        "delete_yes": DeleteYes(recall),
        "cancel": Cancel(recall, queue),
    }
    return presses, {"edit": edit.submitted, "source": on_result.submitted}
