"""Again: the same request with a new seed. Vary: the result becomes the source, most or half of it kept."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import discord

from bot.intake import Intake
from bot.interactions.answers import refuse
from bot.ports import Knowing
from bot.presses.guard import may_press
from bot.recall import Recall
from bot.views import Press
from shared.catalogue import Catalogue, Model
from shared.errors import Refused, problem
from shared.request import Request, carried_over

KEEP: Final = MappingProxyType({"subtle": 80.0, "strong": 50.0})


@dataclass(frozen=True)
class Again:
    """Asks once more for what a job asked for, of the model that `Press.more` names where it names one."""

    intake: Intake
    recall: Recall
    people: Knowing

    async def __call__(self, interaction: discord.Interaction, press: Press) -> None:
        try:
            recipe = await self.recall.recipe(interaction, press.job_id)
            if not await may_press(interaction, recipe, self.people):
                return
            source = await self.recall.original(recipe)
            model = _model(self.intake.catalogue, press.more or recipe.request.model)
            request = carried_over(recipe.request, model, self.intake.catalogue)
        except Refused as refused:
            await refuse(interaction, refused.problems)
            return
        await self.intake.take(interaction, request, source, parent=recipe.job_id)


@dataclass(frozen=True)
class Vary:
    """Starts from a job's picture, with its prompt and settings."""

    intake: Intake
    recall: Recall
    people: Knowing

    async def __call__(self, interaction: discord.Interaction, press: Press) -> None:
        try:
            recipe = await self.recall.recipe(interaction, press.job_id)
            if not await may_press(interaction, recipe, self.people):
                return
            source = await self.recall.result(interaction, press.job_id)
            request = on_result(self.intake.catalogue, recipe.request, keep=KEEP[press.more])
        except Refused as refused:
            await refuse(interaction, refused.problems)
            return
        await self.intake.take(interaction, request, source, parent=recipe.job_id)


def on_result(catalogue: Catalogue, request: Request, **changes: Any) -> Request:
    """Ask for the same on the picture that came of it, of its model or of one that reads pictures. Raises `Refused`."""
    model = catalogue.reading_pictures(request.model)
    if model is None:
        raise Refused(problem("picture_unsupported_anywhere"))
    return carried_over(request, model, catalogue, on_result=True, **changes)


def _model(catalogue: Catalogue, key: str) -> Model:
    model = catalogue.models.get(key)
    if model is None:
        raise Refused(problem("model_gone", model=key))
    return model
