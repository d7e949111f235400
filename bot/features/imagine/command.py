"""`/imagine`: from the options of the command to a request, or to words that only its author sees."""

from dataclasses import dataclass
from typing import Any

import discord

from bot.domain.images import RemoteImage, StoredImage
from bot.features.presets.handlers import PresetCommands
from bot.interactions.responses import respond_with_problems
from bot.submission.source_option import SourceImage, SourceOption
from bot.submission.submitter import JobSubmitter
from shared.job import SourceKind
from shared.problems import Problem, RejectedError, make_problem
from shared.request.model import Request, parse_extras


@dataclass(frozen=True)
class ParsedOptions:
    """What the options ask for, and the picture to start from: where from the thread, its job and which one it is."""

    request: Request
    picture: RemoteImage | StoredImage | None
    parent: str | None = None
    source_kind: SourceKind | None = None


@dataclass(frozen=True)
class ImagineCommand:
    """Reads the options and finds the picture in the thread; `intake` does the rest."""

    submitter: JobSubmitter
    source_option: SourceOption
    presets: PresetCommands

    async def __call__(self, interaction: discord.Interaction, **options: Any) -> None:
        """Answer the command.

        What is unexpected is raised; `bot.discord_client.client` logs it and tells the author.
        """
        try:
            asked = await self.parse_options(interaction, **options)
        except RejectedError as refused:
            await respond_with_problems(interaction, refused.problems)
            return
        await self.submitter.submit(
            interaction, asked.request, asked.picture, parent_id=asked.parent, source_kind=asked.source_kind
        )

    async def parse_options(
        self,
        interaction: discord.Interaction,
        *,
        image: discord.Attachment | None = None,
        source: str | None = None,
        preset: str | None = None,
        **options: Any,
    ) -> ParsedOptions:
        """Read what the options ask for. Raises `RejectedError` with everything that is wrong."""
        options["preset"] = await self.presets.load_options(interaction, preset)
        if image is not None:
            attached = RemoteImage(image.url, image.size, image.filename)
            twice = () if source is None else (make_problem("source_twice", field="source"),)
            return ParsedOptions(self._build_request(interaction, attached, options, twice), attached)
        found = await self.source_option.find_source(interaction, source)
        request, found = self._build_request_on_source(interaction, found, options, is_explicit=source is not None)
        return (
            ParsedOptions(request, None)
            if found is None
            else ParsedOptions(request, found.picture, found.parent, found.kind)
        )

    def _build_request_on_source(
        self,
        interaction: discord.Interaction,
        source: SourceImage | None,
        options: dict[str, Any],
        *,
        is_explicit: bool,
    ) -> tuple[Request, SourceImage | None]:
        """Ask for it on the picture that was found; where nobody asked for that one, only if all else goes with it."""
        if source is None:
            return self._build_request(interaction, None, options), None
        try:
            return self._build_request(interaction, source.picture, options), source
        except RejectedError as refused:
            if is_explicit:
                raise
            try:
                return self._build_request(interaction, None, options), None
            except RejectedError:
                raise refused from None

    def _build_request(
        self,
        interaction: discord.Interaction,
        source: RemoteImage | StoredImage | None,
        options: dict[str, Any],
        problems: tuple[Problem, ...] = (),
    ) -> Request:
        try:
            extras = self._parse_extras(interaction, options.get("extras"))
        except RejectedError as refused:
            extras, problems = None, (*problems, *refused.problems)
        written = {name: value for name, value in options.items() if name != "preset"}
        return self.submitter.build_request(
            interaction, source, written | {"extras": extras}, problems, options["preset"]
        )

    def _parse_extras(self, interaction: discord.Interaction, text: str | None) -> dict[str, Any] | None:
        if text is None:
            return None
        if interaction.user.id not in self.submitter.extras_allowed_users:
            raise RejectedError(make_problem("extras_forbidden"))
        return parse_extras(text)
