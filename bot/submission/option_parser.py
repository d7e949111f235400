"""Parses the options of `/imagine` and `/explore` into a request and the picture that it starts from."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import discord

from bot.discord_client.command_builder import AutocompleteCallback
from bot.domain.images import RemoteImage, StoredImage
from bot.results.message_images import build_attached_image
from bot.submission.foreign_syntax import UnsupportedSyntaxError, read_count
from bot.submission.job_queuer import JobDetails
from bot.submission.preset_option import PresetOption
from bot.submission.source_option import SourceImage, SourceOption
from bot.submission.validation import RequestValidator
from shared.job import SourceKind
from shared.notes import Note
from shared.problems import Problem, RejectedError, make_problem
from shared.request.extras import parse_extras
from shared.request.model import Request


@dataclass(frozen=True)
class ParsedOptions:
    """A request and the picture that it starts from, if any.

    `notes` say how the request differs from the options. `parent_id` and `source_kind` are set if the picture was found
    in the thread, `source_owner_id` if it is somebody else's there. `count` is the number of pictures, if it was given.
    If a part of the prompt is `unsupported`, the request is the one without it, and the user has to be asked.
    """

    request: Request
    image: RemoteImage | StoredImage | None = None
    parent_id: str | None = None
    source_kind: SourceKind | None = None
    notes: tuple[Note, ...] = ()
    source_owner_id: int | None = None
    is_spoiler: bool = False
    count: int | None = None
    unsupported: UnsupportedSyntaxError | None = None

    @property
    def details(self) -> JobDetails:
        """What its job has besides the request."""
        return JobDetails(
            parent_id=self.parent_id,
            source_kind=self.source_kind,
            source_owner_id=self.source_owner_id,
            notes=self.notes,
            is_spoiler=self.is_spoiler,
        )


@dataclass(frozen=True)
class OptionParser:
    """Parses options, finds the picture in the thread and fills in the preset."""

    validator: RequestValidator
    source_option: SourceOption
    preset_option: PresetOption
    extras_allowed_users: Collection[int] = frozenset()

    def get_autocomplete_callbacks(self) -> dict[str, AutocompleteCallback]:
        """Get the callbacks that complete options, by option."""
        return {
            "source": self.source_option.autocomplete_source,
            "preset": self.preset_option.autocomplete_name,
        }

    async def parse_options(
        self,
        interaction: discord.Interaction,
        *,
        image: discord.Attachment | None = None,
        source: str | None = None,
        preset: str | None = None,
        **options: Any,
    ) -> ParsedOptions:
        """Parse the options; None stands for one that was left out.

        A number of pictures is read if `count` is among the options. Raises `RejectedError` with all problems.
        """
        options["presets"] = await self.preset_option.load_presets(interaction, preset)
        if image is not None:
            attached = build_attached_image(image)
            problems = () if source is None else (make_problem("source_conflict", field="source"),)
            return self._build_options(interaction, options, attached, problems=problems)
        linked = self.validator.find_linked_image(options.get("prompt") or "") if source is None else None
        if linked is not None:
            return self._build_options(interaction, options, linked, is_linked=True)
        found = await self.source_option.find_source(interaction, source)
        if found is None:
            return self._build_options(interaction, options, None)
        return self._build_options_from_thread(interaction, found, options, is_explicit=source is not None)

    def _build_options_from_thread(
        self, interaction: discord.Interaction, source: SourceImage, options: dict[str, Any], *, is_explicit: bool
    ) -> ParsedOptions:
        """Build the request with a picture of the thread.

        If nobody chose that picture and the options do not go with one, build the request without a picture instead.
        """
        try:
            parsed = self._build_options(interaction, options, source.image, source)
        except RejectedError:
            alternative = None if is_explicit else self._build_without_picture(interaction, options)
            if alternative is None:
                raise
            return alternative
        if parsed.unsupported is None or is_explicit:
            return parsed
        return self._build_without_picture(interaction, options) or parsed

    def _build_without_picture(self, interaction: discord.Interaction, options: dict[str, Any]) -> ParsedOptions | None:
        """Build the request without a picture, None if the options do not go with that either."""
        try:
            parsed = self._build_options(interaction, options, None)
        except RejectedError:
            return None
        return parsed if parsed.unsupported is None else None

    def _build_options(
        self,
        interaction: discord.Interaction,
        options: dict[str, Any],
        image: RemoteImage | StoredImage | None,
        source: SourceImage | None = None,
        *,
        is_linked: bool = False,
        problems: tuple[Problem, ...] = (),
    ) -> ParsedOptions:
        """Build the request with this picture, to which the prompt links if it `is_linked`, or that is the `source`."""
        try:
            extras = self._parse_extras(interaction, options.get("extras"))
        except RejectedError as rejection:
            extras, problems = None, (*problems, *rejection.problems)
        explicit = {name: value for name, value in options.items() if name != "presets"} | {"extras": extras}
        unsupported = None
        try:
            built = self.validator.build_request(
                interaction, image, explicit, problems, options["presets"], is_linked=is_linked
            )
        except UnsupportedSyntaxError as error:
            built, unsupported = error.without, error
        parsed = ParsedOptions(built.request, image, notes=built.notes, unsupported=unsupported)
        if "count" in options:
            parsed = replace(parsed, count=options["count"] or read_count(options.get("prompt") or ""))
        if source is None:
            return parsed
        return replace(
            parsed,
            parent_id=source.parent_id,
            source_kind=source.kind,
            source_owner_id=source.owner_id,
            is_spoiler=source.is_spoiler,
        )

    def _parse_extras(self, interaction: discord.Interaction, text: str | None) -> dict[str, Any] | None:
        if text is None:
            return None
        if interaction.user.id not in self.extras_allowed_users:
            raise RejectedError(make_problem("extras_forbidden"))
        return parse_extras(text)
