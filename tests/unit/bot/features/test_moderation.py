"""The bot refuses moderation to members who are no moderators, also where Discord shows them its commands."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.domain.audit import OPERATOR_ID, AuditAction, AuditEntry
from bot.domain.guild_settings import ResultPlace, SettingChange
from bot.features.moderation.audit import AuditCommands
from bot.features.moderation.command import ModerationCommands
from bot.features.moderation.queue_view import CancelServerJobId, ServerQueuePageId
from bot.features.moderation.server_queue import ServerQueueCommands
from bot.features.moderation.view import AuditPageId, build_audit_view
from bot.rendering.setting_labels import SettingLabels
from shared.catalogue import Catalogue
from shared.i18n.messages import load_messages
from shared.problems import RejectedError
from tests.support.commands import UNUSED
from tests.support.views import join_texts

COMMANDS = ModerationCommands(UNUSED, UNUSED, UNUSED)
SERVER_QUEUE = ServerQueueCommands(UNUSED, UNUSED, UNUSED, UNUSED, UNUSED, UNUSED)
AUDIT = AuditCommands(UNUSED, UNUSED, UNUSED)
MEMBER: Any = SimpleNamespace(id=2, bot=False, guild_permissions=discord.Permissions.none())


def make_interaction(permissions: discord.Permissions, guild_id: int | None = 1) -> Any:
    return SimpleNamespace(guild_id=guild_id, permissions=permissions)


@pytest.mark.parametrize(
    "act",
    [
        lambda interaction: COMMANDS.block(interaction, MEMBER, "because"),
        lambda interaction: COMMANDS.unblock(interaction, MEMBER),
        COMMANDS.show_blocked,
        lambda interaction: COMMANDS.cancel(interaction, MEMBER, "because"),
        AUDIT.show_audit_log,
        lambda interaction: AUDIT.show_older_entries(interaction, AuditPageId(7)),
        SERVER_QUEUE.pause_queue,
        SERVER_QUEUE.drain_queue,
        SERVER_QUEUE.resume_queue,
        SERVER_QUEUE.show_queue,
        lambda interaction: SERVER_QUEUE.show_page(interaction, ServerQueuePageId(0)),
        lambda interaction: SERVER_QUEUE.cancel_job(interaction, CancelServerJobId("1442000000000000001", 0)),
    ],
)
@pytest.mark.parametrize(
    "interaction",
    [make_interaction(discord.Permissions(manage_messages=True)), make_interaction(discord.Permissions.all(), None)],
)
async def test_who_is_no_moderator_here_is_refused(act: Callable[[Any], Any], interaction: Any) -> None:
    with pytest.raises(RejectedError) as raised:
        await act(interaction)

    assert raised.value.problems[0].code == "moderation_not_allowed"


@pytest.mark.parametrize("language", ["en-US", "fr"])
@pytest.mark.parametrize("action", [*AuditAction, "of_another_release"])
def test_every_action_has_a_sentence(language: str, action: str, catalogue: Catalogue) -> None:
    labels = SettingLabels(load_messages(language), catalogue, None)
    view = build_audit_view([AuditEntry(1, 2, action, 3, "*why*", 4.0)], labels, has_older=True)

    text = str(view.to_components())  # type: ignore[no-untyped-call]
    assert "<t:4:f> <@2> " in text
    assert "\\\\*why" in text
    assert "audit_page:1" in text


@pytest.mark.parametrize(
    ("target_id", "named"), [(1, "for this server"), (5, "for <@&5>"), (6, "for <#6>"), (7, "for <@7>")]
)
def test_the_log_names_whom_or_which_place_a_budget_is_for(target_id: int, named: str, catalogue: Catalogue) -> None:
    guild: Any = SimpleNamespace(id=1, get_role={5: "role"}.get, get_channel_or_thread={6: "channel"}.get)
    entry = AuditEntry(1, 2, AuditAction.SET_BUDGET, target_id, "", 4.0)

    labels = SettingLabels(load_messages("en-US"), catalogue, guild)
    view = build_audit_view([entry], labels, has_older=False)

    assert f"set a budget {named}" in str(view.to_components())  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("name", "old", "new", "sentence"),
    [
        (
            "allowed_channel_ids",
            frozenset(),
            frozenset({6, 9}),
            "“Channels” from everywhere to <#6>, a deleted channel",
        ),
        ("allowed_role_ids", frozenset({5}), frozenset(), "“Roles” from <@&5> to everyone"),
        ("models", frozenset(), frozenset({"sd3.5-large"}), "“Models” from all to SD 3.5 Large"),
        ("max_price", None, 80_000, "“Highest price” from no limit to $0.08"),
        ("retention_days", 1, None, "“How long pictures are kept” from 1 day to as long as I keep pictures anywhere"),
        ("default_preset", "abc", "def", "“Default preset” from Sea to a deleted preset"),
        ("result_place", ResultPlace.PREVIEW, ResultPlace.THREAD, "to only in a thread"),
    ],
)
def test_the_log_says_which_setting_was_changed_in_words(
    name: str, old: object, new: object, sentence: str, catalogue: Catalogue
) -> None:
    guild: Any = SimpleNamespace(id=1, get_role={5: "role"}.get, get_channel_or_thread={6: "channel"}.get)
    change = SettingChange(1, name, old, new)
    texts = []
    for language in ("en", "fr"):
        labels = SettingLabels(load_messages(language), catalogue, guild, {"abc": "Sea"})
        entries = [
            AuditEntry(1, 2, action, None, "", 4.0, change=change)
            for action in (AuditAction.CHANGE_SETTING, AuditAction.UNDO_CHANGE)
        ]
        texts.append(join_texts(build_audit_view(entries, labels, has_older=False)))

    assert sentence in texts[0]
    assert "undid a change" in texts[0]
    assert f"« {labels.format_name(name)} »" in texts[1].replace("\u00a0", " ")
    assert "{" not in "".join(texts)


@pytest.mark.parametrize(
    ("language", "action", "reason", "expected"),
    [
        ("en-US", AuditAction.SET_BUDGET, "usd 5000000 per day", " · $5.00 per day"),
        ("fr", AuditAction.REMOVE_BUDGET, "pictures 3 per week", " · 3 images par semaine"),
        ("en-US", AuditAction.GRANT, "pictures -1: *why*", " · −1 picture · \\*why\\*"),
        ("fr", AuditAction.GRANT, "usd 80000: gagné", " · 0,08\u00a0$ · gagné"),
        ("en-US", AuditAction.SET_BUDGET, "of another release", " · of another release"),
    ],
)
def test_the_log_says_in_words_how_large_a_budget_is(
    language: str, action: AuditAction, reason: str, expected: str, catalogue: Catalogue
) -> None:
    labels = SettingLabels(load_messages(language), catalogue, None)

    view = build_audit_view([AuditEntry(1, 2, action, 3, reason, 4.0)], labels, has_older=False)

    assert join_texts(view).endswith(expected)


def test_the_log_names_the_operator_of_the_bot(catalogue: Catalogue) -> None:
    entry = AuditEntry(1, OPERATOR_ID, AuditAction.GRANT, 3, "usd 80000: why", 4.0)

    view = build_audit_view([entry], SettingLabels(load_messages("en-US"), catalogue, None), has_older=False)

    assert "<t:4:f> the bot's operator granted <@3> more" in join_texts(view)
