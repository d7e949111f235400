"""Edit: a form with a result's prompt and settings. Use as source: the same for going on from its picture."""

from collections.abc import Iterator
from dataclasses import dataclass

import discord

from bot.interactions.answers import open_form, outdated, refuse
from bot.interactions.forms import Form, modal
from bot.interactions.patience import looking_up
from bot.interactions.speaking import phrases_of
from bot.ports import Recipe
from bot.presses.guard import GoingOn
from bot.presses.models import model_called, reading_pictures
from bot.render.fields import TEXT_LIMIT
from bot.render.form import editable, form_parts, texts_of
from bot.views import Press
from shared.catalogue import Model
from shared.errors import Problem, problem
from shared.request import Request, compose, reshaped


@dataclass(frozen=True)
class Edit(GoingOn):
    """Opens the form, and asks for what comes back. `on_result`: of the result itself, else of what it started from.

    All that is known in between is the form's custom id, so another process may take what comes back.
    """

    on_result: bool = False

    async def __call__(self, interaction: discord.Interaction, press: Press) -> None:
        """Open the form."""
        async with looking_up(interaction):
            recipe = await self.recipe(interaction, press.job_id)
            model, request = self._start(recipe)
            too_long = list(_too_long(request))
        phrases = phrases_of(interaction)
        parts = form_parts(request, None if self.on_result else recipe.seed, model, phrases)
        if too_long:
            await refuse(interaction, too_long)
        elif parts:
            await open_form(interaction, modal(phrases.say(f"form.{press.verb}"), press, *parts))
        else:
            await outdated(interaction)

    async def submitted(self, interaction: discord.Interaction, form: Form) -> None:
        """Ask for what was filled in."""
        async with looking_up(interaction):
            recipe = await self.recipe(interaction, form.job_id)
            request = self._request(recipe, form)
            find = self.recall.result(interaction, recipe.job_id) if self.on_result else self.recall.original(recipe)
            source = await find
        await self.intake.take(interaction, request, source, parent=recipe.job_id)

    def _start(self, recipe: Recipe) -> tuple[Model, Request]:
        choose = reading_pictures if self.on_result else model_called
        model = choose(self.intake.catalogue, recipe.request.model)
        return model, reshaped(recipe.request, model, on_result=self.on_result)

    def _request(self, recipe: Recipe, form: Form) -> Request:
        """Put what was filled in into the place of what the form showed; what it does not show stays."""
        model, request = self._start(recipe)
        written = {name: form.text(name) for name in editable(request, model)}
        return compose(
            self.intake.catalogue,
            model=model.key,
            has_picture=request.has_picture,
            **(request.given() | written),
        )


def _too_long(request: Request) -> Iterator[Problem]:
    for field, text in texts_of(request).items():
        length = len(text.encode("utf-16-le")) // 2
        if length > TEXT_LIMIT:
            yield problem("too_long_to_edit", field=field, length=length, limit=TEXT_LIMIT)
