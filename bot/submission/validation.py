"""Validates requests before anything slow happens and before anything is queued."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import urlsplit

import discord

from bot.domain.guild_settings import GuildSettings
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.teams import Team
from bot.domain.usage import Usage
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_guild_settings, get_preferences, require_guild_settings
from bot.interactions.offers import restrict_catalogue
from bot.interactions.teams import require_team
from bot.interactions.usage import build_usage
from bot.submission.acknowledgement import is_private
from bot.submission.attachments import validate_attachment
from bot.submission.foreign_syntax import ForeignRequestBuilder, RequestBuilder, UnsupportedSyntaxError
from bot.submission.preset_option import PresetDefaults
from bot.submission.rules import RequestRules, WordListReader, find_permissions_problem, find_queue_problem
from bot.submission.team_settings import apply_locked_options
from shared.catalogue import Catalogue, Task, make_other_task_problem, make_unknown_model_problem
from shared.foreign_syntax.reading import read_prompt
from shared.problems import Problem, RejectedError, make_problem
from shared.request.builder import build_request
from shared.request.extras import parse_extras
from shared.request.model import BuiltRequest, Request
from shared.request.validation import validate_request

_NO_PRESETS: Final = PresetDefaults()


@dataclass(frozen=True)
class RequestValidator:
    """Checks requests against the catalogue, the server's rules, the picture and the rights of the requester.

    `allowed_hosts` and `max_bytes` limit the pictures, `extras_allowed_users` who may send extras.
    """

    catalogue: Catalogue
    allowed_hosts: Collection[str]
    max_bytes: int
    extras_allowed_users: Collection[int] = frozenset()
    word_lists: WordListReader | None = None

    @property
    def rules(self) -> RequestRules:
        """The rules of servers."""
        return RequestRules(self.catalogue, self.word_lists)

    def find_problems(self, interaction: discord.Interaction, image: RemoteImage | StoredImage | None) -> list[Problem]:
        """List why no request is possible here, and the problems of the picture's URL and declared size.

        The reasons are a queue that takes no requests, and permissions that the bot lacks.
        """
        usage = build_usage(interaction, get_guild_settings(interaction))
        found = (find_queue_problem(usage), find_permissions_problem(usage))
        problems = [problem for problem in found if problem is not None]
        return [*problems, *self._find_image_problems(interaction, image)]

    def build_request(
        self,
        interaction: discord.Interaction,
        image: RemoteImage | StoredImage | None,
        options: Mapping[str, Any],
        problems: Sequence[Problem] = (),
        presets: PresetDefaults = _NO_PRESETS,
        *,
        is_linked: bool = False,
        task: Task = "generate",
    ) -> BuiltRequest:
        """Build the request from the given options, for a model of this task.

        Defaults come from the chosen preset, the user's team, their preferences and the server's preset, in this order.
        The prompt links to the picture if it `is_linked`. Raises `RejectedError` with `problems` and all problems found
        here, and `UnsupportedSyntaxError`.
        """
        problems = [*self.find_problems(interaction, image), *problems]
        settings, team = get_guild_settings(interaction), require_team(interaction)
        of_team = {} if team is None else team.defaults
        defaults = (presets.chosen, of_team, get_preferences(interaction).options, presets.of_server)
        source_link = image.url if is_linked and isinstance(image, RemoteImage) else None
        try:
            built = self.build_offered_request(
                settings,
                defaults,
                options,
                has_picture=image is not None,
                source_link=source_link,
                team=team,
                task=task,
            )
        except UnsupportedSyntaxError:
            if problems:
                raise RejectedError(*problems) from None
            raise
        except RejectedError as error:
            raise RejectedError(*problems, *error.problems) from error
        if problems:
            raise RejectedError(*problems)
        return built

    def build_offered_request(
        self,
        settings: GuildSettings,
        defaults: Sequence[Mapping[str, Any]],
        options: Mapping[str, Any],
        *,
        has_picture: bool,
        source_link: str | None = None,
        team: Team | None = None,
        task: Task = "generate",
    ) -> BuiltRequest:
        """Build a request for a server with these settings from typed options, of a person or of a row of a table.

        `defaults` fill in the options that were left out, among them those of the `team`, whose locked options replace
        those that were chosen. Raises as `build_request` does.
        """
        catalogue = restrict_catalogue(self.catalogue, settings)
        build = partial(self._build_request, catalogue, defaults, team, task, has_picture=has_picture)
        return self.build_foreign_request(build, options, source_link)

    def build_foreign_request(
        self, build: RequestBuilder, options: Mapping[str, Any], source_link: str | None = None
    ) -> BuiltRequest:
        """Build a request from options whose prompt may be written for another tool. Raises as `build_request`.

        `source_link` is the link in the prompt that the request starts from.
        """
        return ForeignRequestBuilder(build, self.catalogue, self._can_fetch, source_link).build_request(options)

    def find_linked_image(self, prompt: str) -> RemoteImage | None:
        """Find the first picture on Discord's file servers to which a prompt links."""
        links = (link for link in read_prompt(prompt).links if self._can_fetch(link))
        return next((RemoteImage(link, filename=PurePath(urlsplit(link).path).name) for link in links), None)

    def apply_team(self, interaction: discord.Interaction, request: Request) -> BuiltRequest:
        """Give a request that was built before, for others or for oneself, the locked options of the user's team.

        Raises `RejectedError` as `apply_locked_options` does, and (lookup_timed_out).
        """
        team = require_team(interaction)
        return BuiltRequest(request) if team is None else apply_locked_options(request, team, self.catalogue)

    async def validate_requests(
        self, interaction: discord.Interaction, image: RemoteImage | StoredImage | None, *requests: Request
    ) -> None:
        """Raise `RejectedError` with all problems of these requests, which are submitted together, each problem once.

        Every request passes here before it is recorded, whoever asks.
        """
        usage = build_usage(interaction, require_guild_settings(interaction))
        usage = replace(usage, requests=requests, wants_private=is_private(interaction), team=require_team(interaction))
        async with nullcontext() if interaction.response.is_done() else limit_lookup_time(interaction):
            problems = await self.find_usage_problems(usage)
        problems += self._find_image_problems(interaction, image)
        if problems:
            raise RejectedError(*problems)

    async def find_usage_problems(self, usage: Usage) -> list[Problem]:
        """List the problems of the requests of a use, each once: with the rules of the server and with the catalogue.

        Raises `RejectedError` as `WordListReader` does.
        """
        problems = await self.rules.find_problems(usage)
        for request in usage.requests:
            problems += (p for p in self._find_request_problems(request, usage.user_id) if p not in problems)
        return problems

    def _find_image_problems(
        self, interaction: discord.Interaction, image: RemoteImage | StoredImage | None
    ) -> Sequence[Problem]:
        if not isinstance(image, RemoteImage):
            return ()
        max_bytes = min(self.max_bytes, interaction.filesize_limit)
        return validate_attachment(image.url, image.size_bytes, max_bytes, self.allowed_hosts)

    def _build_request(
        self,
        catalogue: Catalogue,
        defaults: Sequence[Mapping[str, Any]],
        team: Team | None,
        task: Task,
        options: Mapping[str, Any],
        *,
        has_picture: bool,
    ) -> BuiltRequest:
        model = self.catalogue.find_model(str(options.get("model") or ""))
        if model is not None and not self.catalogue.is_offered(model):
            raise RejectedError(make_unknown_model_problem(model.name, self.catalogue.generation_models))
        if model is not None and model.task != task:
            raise RejectedError(make_other_task_problem(model, catalogue.generation_models))
        built = build_request(catalogue, *defaults, has_picture=has_picture, **options)
        if team is None:
            return built
        locked = apply_locked_options(built.request, team, self.catalogue)
        if locked.request == built.request:
            return built
        outdated = {"style_in_words", *(note.code for note in locked.notes)}
        return BuiltRequest(
            locked.request, (*locked.notes, *(note for note in built.notes if note.code not in outdated))
        )

    def _can_fetch(self, link: str) -> bool:
        return not validate_attachment(link, None, self.max_bytes, self.allowed_hosts)

    def _find_request_problems(self, request: Request, user_id: int) -> Iterator[Problem]:
        """Validate against the current catalogue: the request may come from an old job or from a picture's metadata."""
        model = self.catalogue.models.get(request.model)
        if model is None:
            yield make_unknown_model_problem(request.model, self.catalogue.generation_models)
        else:
            yield from validate_request(request, model, self.catalogue)
        if request.extras is not None:
            yield from self._find_extras_problems(json.dumps(request.extras, ensure_ascii=False), user_id)

    def _find_extras_problems(self, extras_json: str, user_id: int) -> Iterator[Problem]:
        if user_id not in self.extras_allowed_users:
            yield make_problem("extras_forbidden")
            return
        try:
            parse_extras(extras_json)
        except RejectedError as error:
            yield from error.problems
