"""Edits, whoever asks for them: a command, or a form for a picture of a message.

An edit of one picture is submitted at once. One with a region or a style is shown first, with its price.
"""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

import discord

from bot.domain.draft import Draft
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.mask_shapes import MaskShapes, parse_mask_shapes
from bot.domain.ports import DraftStore
from bot.explorations.several import PictureSubmitter
from bot.features.editing.forms import STYLE_SET
from bot.features.editing.options import is_masked, parse_style_set_choice
from bot.features.editing.view import build_preview_message
from bot.images.edit_pictures import EditPictures, build_masked_pictures, build_styled_pictures
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.offers import get_offered_catalogue
from bot.interactions.responses import RenderedMessage, respond_with
from bot.interactions.teams import require_team
from bot.storage.images import SqlImageStore
from bot.submission.drafts import build_draft
from bot.submission.foreign_syntax import UnsupportedSyntaxError
from bot.submission.image_notes import list_size_notes
from bot.submission.images import ImageFetcher
from bot.submission.job_queuer import JobDetails
from bot.submission.style_set_option import StyleSetOption
from bot.submission.validation import RequestValidator
from shared.catalogue import Catalogue
from shared.models import Model
from shared.notes import Note, make_note
from shared.problems import RejectedError, make_problem
from shared.request.model import BuiltRequest, MaskKind


@dataclass(frozen=True)
class EditInput:
    """An edit that was asked for. Without `region` and `mask`, the source's transparency is what is marked.

    `style` is the picture whose style the source is to have.
    """

    built: BuiltRequest
    image: RemoteImage | StoredImage
    details: JobDetails
    region: MaskShapes | None = None
    mask: RemoteImage | None = None
    style: RemoteImage | StoredImage | None = None


@dataclass(frozen=True)
class Editor:
    """Builds and submits edits."""

    validator: RequestValidator
    pictures: PictureSubmitter
    image_fetcher: ImageFetcher
    image_store: SqlImageStore
    drafts: DraftStore
    style_sets: StyleSetOption
    catalogue: Catalogue
    rng: random.Random = field(default_factory=random.SystemRandom)

    def require_model(self, interaction: discord.Interaction, operation: str) -> Model:
        """Find the model of an operation. Raises `RejectedError` (task_not_on_offer) if there is none on offer."""
        model = get_offered_catalogue(interaction, self.catalogue).find_edit_model(operation)
        if model is None:
            raise RejectedError(make_problem("task_not_on_offer", task="edit"))
        return model

    async def build_input(
        self,
        interaction: discord.Interaction,
        model: Model,
        image: RemoteImage | StoredImage | None,
        options: Mapping[str, Any],
        details: JobDetails,
        *,
        region: str | None = None,
        mask: RemoteImage | None = None,
        style_picture: RemoteImage | None = None,
        style_set: str | None = None,
    ) -> EditInput:
        """Build an edit of a picture from typed options. Raises `RejectedError` with all problems of the options."""
        shapes = _parse_region(region, mask)
        team_style_set = _find_team_style_set(interaction, model, has_picture=image is not None)
        if team_style_set is not None and (team_style_set.is_locked or (style_picture is None and style_set is None)):
            style_picture, style_set = None, team_style_set.name
        style, notes = await self._find_style(interaction, style_picture, style_set)
        if model.operation == "style" and style is not None:
            if image is not None:
                raise RejectedError(make_problem("mask_conflict", field="image", other="style_set"))
            image, style = style, None
        if image is None:
            raise RejectedError(make_problem("edit_picture_required", field="image"))
        has_style = model.style_picture == "required" and style is not None
        inputs = {
            "model": model.key,
            "mask": MaskKind.PICTURE if is_masked(model) else None,
            "has_style_picture": has_style,
        }
        try:
            built = self.validator.build_request(interaction, image, {**options, **inputs}, task="edit")
        except UnsupportedSyntaxError as error:
            raise RejectedError(*error.problems) from error
        built = BuiltRequest(built.request, (*built.notes, *notes))
        return EditInput(
            built,
            image,
            JobDetails(**{**details, "notes": built.notes}),
            shapes,
            mask,
            style if has_style else None,
        )

    async def submit(self, interaction: discord.Interaction, edit: EditInput) -> None:
        """Respond to an interaction that has no response yet: submit the edit, or show first what it would change."""
        model = self.catalogue.models[edit.built.request.model]
        if is_masked(model) or edit.style is not None:
            await respond_with(interaction, partial(self.render_preview, interaction, edit))
        else:
            await self.pictures.submit(interaction, edit.built.request, edit.image, 1, edit.details)

    async def render_preview(self, interaction: discord.Interaction, edit: EditInput) -> RenderedMessage:
        """Store the pictures of an edit for an hour, and show them with the price. Raises `RejectedError`."""
        await self.validator.validate_requests(interaction, edit.image, edit.built.request)
        pictures = await self._load_pictures(interaction, edit)
        draft = replace(build_draft(interaction, pictures.image, edit.details), built=edit.built)
        return await self._render(interaction, draft, edit, pictures)

    async def render_other_region(
        self,
        interaction: discord.Interaction,
        draft: Draft,
        stored: RemoteImage | StoredImage | None,
        region: str | None,
        mask: RemoteImage | None,
    ) -> RenderedMessage:
        """Show the edit of a draft with another region of its stored picture. Raises `RejectedError`."""
        if draft.built is None or draft.built.request.mask is None or not isinstance(stored, StoredImage):
            raise RejectedError(make_problem("draft_expired"))
        if region is None and mask is None:
            raise RejectedError(make_problem("region_empty", field="region", other="mask"))
        shapes = _parse_region(region, mask)
        source = StoredImage(stored.sha256, stored.picture)
        edit = EditInput(draft.built, source, JobDetails(notes=draft.built.notes), shapes, mask)
        pictures = await self._load_pictures(interaction, edit)
        return await self._render(interaction, replace(draft, source_sha256=pictures.image.sha256), edit, pictures)

    async def _render(
        self, interaction: discord.Interaction, draft: Draft, edit: EditInput, pictures: EditPictures
    ) -> RenderedMessage:
        await self.image_store.save_bundle(pictures.image)
        draft_id = str(interaction.id)
        await self.drafts.save_draft(draft_id, draft)
        request = edit.built.request
        model, messages = self.catalogue.models[request.model], get_localized_messages(interaction)
        notes = (*edit.built.notes, *list_size_notes(request, model, pictures.size))
        return build_preview_message(draft_id, request, model, pictures.preview, notes, messages)

    async def _load_pictures(self, interaction: discord.Interaction, edit: EditInput) -> EditPictures:
        source = await self._load(edit.image)
        if edit.style is not None:
            messages = get_localized_messages(interaction)
            captions = (messages.text("editing.source"), messages.text("editing.style_picture"))
            return await asyncio.to_thread(build_styled_pictures, source, await self._load(edit.style), captions)
        mask = None if edit.mask is None else await self._load(edit.mask)
        try:
            return await asyncio.to_thread(build_masked_pictures, source, edit.region, mask)
        except RejectedError as error:
            if edit.region is None and mask is None and error.problems[0].code == "mask_not_transparent":
                raise RejectedError(make_problem("region_required", field="region", other="mask")) from error
            raise

    async def _load(self, image: RemoteImage | StoredImage) -> bytes:
        return image.picture if isinstance(image, StoredImage) else await self.image_fetcher.fetch_image(image)

    async def _find_style(
        self, interaction: discord.Interaction, picture: RemoteImage | None, style_set: str | None
    ) -> tuple[RemoteImage | StoredImage | None, tuple[Note, ...]]:
        """Find the picture of the style: the attached one, or one of a set, drawn by lot unless its number is given."""
        if picture is not None and style_set is not None:
            raise RejectedError(make_problem("mask_conflict", field="style_picture", other="style_set"))
        if style_set is None:
            return picture, ()
        name, number = parse_style_set_choice(style_set)
        async with limit_lookup_time(interaction):
            found = await self.style_sets.find_style_set(interaction, name)
            count = found.picture_count
            chosen = self.rng.randint(1, max(count, 1)) if number is None else number
            image = await self.style_sets.load_picture(found, chosen)
        return image, (make_note("style_of_set", name=found.name, number=chosen, count=count),)


class TeamStyleSet(NamedTuple):
    """The style set of a team, by its name, and whether its members may choose no other style."""

    name: str
    is_locked: bool


def _find_team_style_set(interaction: discord.Interaction, model: Model, *, has_picture: bool) -> TeamStyleSet | None:
    """Find the style set of the team that the user asks for, if the edit needs a style and has no picture of one.

    Raises `RejectedError` (lookup_timed_out).
    """
    needs_style = model.style_picture == "required" or (model.operation == "style" and not has_picture)
    team = require_team(interaction) if needs_style else None
    name = None if team is None else team.defaults.get(STYLE_SET)
    return None if team is None or name is None else TeamStyleSet(str(name), STYLE_SET in team.locked)


def _parse_region(region: str | None, mask: RemoteImage | None) -> MaskShapes | None:
    """Parse a region in words. Raises `RejectedError`: mask_conflict, and as `parse_mask_shapes` does."""
    if region is not None and mask is not None:
        raise RejectedError(make_problem("mask_conflict", field="region", other="mask"))
    return None if region is None else parse_mask_shapes(region)
