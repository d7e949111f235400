"""The command `/diagnose`: runs the checks of a command for a member in a channel, without using it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.discord_client.command_builder import CHOICES_LIMIT, LABEL_LIMIT
from bot.discord_client.feature import AnyCommand, Feature
from bot.discord_client.translator import translate_locale_str
from bot.domain.guild_settings import GuildQueueState
from bot.domain.ports import PreferencesStore
from bot.domain.usage import Usage
from bot.features.diagnose.checks import Attempt, CheckList
from bot.features.diagnose.discord_rules import Integrations, load_integrations
from bot.features.diagnose.view import Diagnosis, Finding, build_diagnosis_view
from bot.interactions.access import Access
from bot.interactions.locale import get_localized_messages, require_guild_settings
from bot.interactions.offers import restrict_catalogue
from bot.interactions.responses import RenderedMessage, respond_with
from bot.interactions.teams import TeamChoiceReader
from bot.interactions.usage import AnyChannel, build_member_usage, may_moderate
from bot.storage.budgets import SqlBudgetStore
from bot.submission.team_settings import apply_locked_options
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages
from shared.problems import RejectedError, make_problem
from shared.prompts import TextPrompt
from shared.request.model import Request

DEFAULT_COMMAND: Final = "imagine"
PROMPT_LIMIT: Final = 2000

Channel = discord.TextChannel | discord.VoiceChannel | discord.StageChannel


@dataclass(frozen=True)
class DiagnoseCommand:
    """For members who may time out others or manage the server. `features` are those whose commands it knows."""

    features: Sequence[Feature]
    checks: CheckList
    budget_store: SqlBudgetStore
    preferences_store: PreferencesStore
    team_choices: TeamChoiceReader
    catalogue: Catalogue

    async def diagnose(
        self,
        interaction: discord.Interaction,
        member: discord.Member,
        channel: Channel | None = None,
        command: app_commands.Range[str, 1, LABEL_LIMIT] = DEFAULT_COMMAND,
        prompt: app_commands.Range[str, 1, PROMPT_LIMIT] | None = None,
    ) -> None:
        """Say which checks pass and which refuse; a request is one for a picture by the default model."""
        if interaction.guild_id is None or not may_moderate(interaction.permissions):
            raise RejectedError(make_problem("moderation_not_allowed"))
        entry = self._list_commands().get(command.strip().removeprefix("/"))
        place = channel or interaction.channel
        if entry is None or not isinstance(place, AnyChannel):
            raise RejectedError(make_problem("command_unknown", value=command))

        async def render_diagnosis() -> RenderedMessage:
            messages = get_localized_messages(interaction)
            usage = await self._build_usage(interaction, member, place, prompt or "")
            integrations = await load_integrations(interaction.client, member.guild.id)
            attempt = Attempt(
                *entry,
                member,
                place,
                integrations or Integrations(),
                await self.budget_store.list_usage(usage.spender) if entry[1] is Access.REQUEST else (),
            )
            findings = [
                Finding(check.name, await check.find_problem(usage))
                for check in self.checks.list_checks(interaction.client, attempt)
            ]
            diagnosis = Diagnosis(
                member.id,
                place.id,
                format_command(entry[0], messages),
                findings,
                attempt.budgets,
                knows_integrations=integrations is not None,
                is_paused=entry[1] is Access.REQUEST and usage.settings.queue_state is GuildQueueState.PAUSED,
            )
            return RenderedMessage(build_diagnosis_view(diagnosis, messages))

        await respond_with(interaction, render_diagnosis)

    async def complete_command(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the commands of the bot whose name contains the typed text."""
        messages, typed = get_localized_messages(interaction), current.strip().removeprefix("/").casefold()
        labels = {name: format_command(command, messages) for name, (command, _) in self._list_commands().items()}
        found = [Choice(name=label, value=name) for name, label in labels.items() if typed in label.casefold()]
        return found[:CHOICES_LIMIT]

    def _list_commands(self) -> Mapping[str, tuple[AnyCommand, Access]]:
        return {command.name: (command, feature.access) for feature in self.features for command in feature.commands}

    async def _build_usage(
        self, interaction: discord.Interaction, member: discord.Member, channel: AnyChannel, prompt: str
    ) -> Usage:
        settings = require_guild_settings(interaction)
        model = restrict_catalogue(self.catalogue, settings).default_model
        request = Request(model=model.key, text_prompts=(TextPrompt(text=prompt),), has_picture=False)
        preferences = await self.preferences_store.load_preferences(member.id)
        usage = build_member_usage(member, channel, settings)
        team = (await self.team_choices.load_choice(member.guild.id, member.id)).get_team(usage.role_ids)
        if team is not None:
            with suppress(RejectedError):  # the check of teams says why
                request = apply_locked_options(request, team, self.catalogue).request
        return replace(usage, requests=(request,), wants_private=preferences.private, team=team)


def format_command(command: AnyCommand, messages: Messages) -> str:
    """Format the name of a command as Discord shows it in a language."""
    name = command._locale_name  # noqa: SLF001 - discord.py shows the translated name nowhere else
    label = command.name if name is None else translate_locale_str(name, messages)
    return label if isinstance(command, app_commands.ContextMenu) else f"/{label}"
