"""The panel in which a host chooses how a contest goes, and the messages of its start."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import discord
from discord import ButtonStyle, ui

from bot.domain.durations import split_duration
from bot.domain.rounds import Contest, ContestSettings, Payer
from bot.features.rounds.choices import AUTOMATIC, get_choice, list_choices, list_fields, list_option_fields
from bot.features.rounds.custom_ids import ContestSettingId, FixedOptionsFormId, FixedOptionsId, StartContestId
from bot.interactions.components import build_button, build_headed_row, build_role_select, build_select
from bot.interactions.modals import build_modal
from bot.rendering.form_fields import SELECT_OPTIONS_LIMIT, build_choice_field, build_text_field
from bot.rendering.labels import format_model_label
from bot.rendering.layout import build_container_view
from bot.rendering.markdown import escape_markdown, truncate_text
from bot.rounds.texts import format_fixed_options
from shared.catalogue import Catalogue, Model
from shared.i18n.messages import Messages

THEME_LIMIT: Final = 100
_LABEL_LIMIT: Final = 100
NO_FORUM: Final = "0"
_COUNTED: Final = frozenset({"max_entries_per_member", "max_entries"})


class Forum(NamedTuple):
    """A forum that the panel offers."""

    id: int
    name: str


def format_duration(seconds: int, messages: Messages) -> str:
    """Format a duration in days, hours and minutes."""
    parts = split_duration(seconds).items()
    return " ".join(messages.text(f"duration.{unit}", count=count) for unit, count in parts)


def build_panel(
    draft_id: str,
    settings: ContestSettings,
    max_cost: int,
    offered: Catalogue,
    messages: Messages,
    *,
    has_source: bool,
    forums: Sequence[Forum] = (),
) -> ui.LayoutView:
    """Show the settings, in selects that change them, with the sum that may be paid and a button to start.

    `forums` are those in which the contest could have its post.
    """
    items: list[ui.Item[Any]] = [ui.TextDisplay(_format_summary(settings, messages, has_source=has_source))]
    for field in list_fields(settings):
        heading = messages.text(f"round_panel.{field}")
        options = list(_build_options(field, settings, messages))
        items += build_headed_row(build_select(ContestSettingId(field, draft_id), heading, options))
    items += _build_limits(draft_id, settings, offered, messages)
    if forums or settings.forum_id is not None:
        items += _build_place(draft_id, settings, forums, messages)
    payer = "server" if settings.payer is Payer.SERVER else "author"
    price = messages.format_price(max_cost / 1e6)
    items.append(ui.TextDisplay(messages.text(f"round_panel.cost_{payer}", price=price)))
    start = build_button(StartContestId(draft_id), messages.text("round_panel.start"), style=ButtonStyle.success)
    options_button = build_button(FixedOptionsId(draft_id), messages.text("round_panel.options"))
    items.append(ui.ActionRow(start, options_button))
    return build_container_view(*items)


def build_started_view(contest: Contest, messages: Messages) -> ui.LayoutView:
    """Say where the contest takes place, in place of the panel."""
    text = messages.text("round_panel.started", thread=f"<#{contest.thread_id}>")
    return build_container_view(ui.TextDisplay(text))


def format_announcement(host_id: int, settings: ContestSettings, messages: Messages) -> str:
    """Format the message in the channel under which the contest's thread begins."""
    theme = escape_markdown(settings.theme, 2 * THEME_LIMIT)
    return messages.text("round_panel.announcement", host=f"<@{host_id}>", theme=theme)


def build_post_view(host_id: int, settings: ContestSettings, component_id: int, messages: Messages) -> ui.LayoutView:
    """Build the first message of the contest's post in a forum, which is recognised by its container's id."""
    theme = escape_markdown(settings.theme, 2 * THEME_LIMIT)
    text = messages.text("round_panel.post", host=f"<@{host_id}>", theme=theme)
    return build_container_view(ui.TextDisplay(text), component_id=component_id)


def _format_summary(settings: ContestSettings, messages: Messages, *, has_source: bool) -> str:
    first, second = ("joining", "turn") if settings.is_relay else ("entering", "voting")
    second_seconds = settings.turn_seconds if settings.is_relay else settings.vote_seconds
    facts = [
        messages.text("round_panel.turns" if settings.is_relay else "round_panel.rounds", count=settings.rounds),
        messages.text(f"round_panel.{first}", duration=format_duration(settings.entry_seconds, messages)),
        messages.text(f"round_panel.{second}", duration=format_duration(second_seconds, messages)),
        messages.text("round_panel.with_source" if has_source else "round_panel.without_source"),
    ]
    title = messages.text(
        "round_panel.title_relay" if settings.is_relay else "round_panel.title",
        theme=escape_markdown(settings.theme, 2 * THEME_LIMIT),
    )
    fixed = format_fixed_options(settings, messages)
    return "\n".join(filter(None, (f"### {title}", " · ".join(facts), fixed)))


def build_options_form(
    draft_id: str, settings: ContestSettings, models: Sequence[Model], messages: Messages, *, has_source: bool
) -> ui.Modal:
    """Build the form of the options that every entry has; those that are left empty are up to each member."""
    parts: list[ui.Item[Any]] = []
    for name in list_option_fields(settings, has_source=has_source):
        value = str(settings.options.get(name, ""))
        choices = dict.fromkeys(
            choice for model in models if name in model.fields for choice in model.fields[name].choices
        )
        if choices:
            parts.append(build_choice_field(name, list(choices), value, messages))
        elif name == "negative" or any(name in model.fields for model in models):
            parts.append(build_text_field(name, messages, value=value, is_multiline=name == "negative"))
    return build_modal(messages.text("round_panel.options"), FixedOptionsFormId(draft_id), *parts)


def _build_limits(
    draft_id: str, settings: ContestSettings, offered: Catalogue, messages: Messages
) -> Iterator[ui.Item[Any]]:
    """Build the selects of the models that are allowed and of the role that may enter; none selected allows all."""
    models = messages.text("round_panel.models")
    options = [
        discord.SelectOption(
            label=truncate_text(format_model_label(model, offered, messages), _LABEL_LIMIT),
            value=model.key,
            default=model.key in settings.models,
        )
        for model in offered.generation_models[:SELECT_OPTIONS_LIMIT]
    ]
    select = build_select(ContestSettingId("models", draft_id), models, options, min_values=0, max_values=len(options))
    yield from build_headed_row(select)
    role = messages.text("round_panel.role")
    selected = [settings.entrant_role_id] if settings.entrant_role_id else []
    yield from build_headed_row(build_role_select(ContestSettingId("role", draft_id), role, selected, limit=1))


def _build_place(
    draft_id: str, settings: ContestSettings, forums: Sequence[Forum], messages: Messages
) -> Iterator[ui.Item[Any]]:
    """Build the select of the place: a thread where the command was used, or a post in a forum."""
    heading = messages.text("round_panel.forum")
    here = messages.text("round_panel.forum_none")
    options = [discord.SelectOption(label=here, value=NO_FORUM, default=settings.forum_id is None)]
    for forum in forums[: SELECT_OPTIONS_LIMIT - 1]:
        label = truncate_text(f"#{forum.name}", _LABEL_LIMIT)
        options.append(discord.SelectOption(label=label, value=str(forum.id), default=forum.id == settings.forum_id))
    yield from build_headed_row(build_select(ContestSettingId("forum", draft_id), heading, options))


def _build_options(field: str, settings: ContestSettings, messages: Messages) -> Iterator[discord.SelectOption]:
    current = get_choice(settings, field)
    for choice in list_choices(settings, field):
        label = _format_choice(field, choice, messages)
        yield discord.SelectOption(label=label, value=choice, default=choice == current)


def _format_choice(field: str, choice: str, messages: Messages) -> str:
    if field in _COUNTED:
        return messages.text("round_panel.entries", count=int(choice))
    if field == "max_cost" and choice != AUTOMATIC:
        return messages.format_price(float(choice))
    return messages.text(f"round_panel.{field}_{choice}")
