"""The word list is closed to who may not manage the server, and fits into messages."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.domain.guild_settings import WordPolicy
from bot.domain.word_rules import MAX_RULES, PATTERN_LIMIT, make_rule
from bot.features.word_list.command import MAX_MATCHES, WordListCommands
from bot.features.word_list.view import PAGE_SIZE, WordListPageId, build_list_view, build_matches_view
from bot.rendering.markdown import count_utf16_units
from shared.i18n.messages import list_languages, load_messages
from shared.problems import RejectedError
from tests.support.commands import UNUSED

COMMANDS = WordListCommands(UNUSED)
RULES = [make_rule(f"{number:03}" + "_" * (PATTERN_LIMIT - 3)) for number in range(MAX_RULES)]
LAST_PAGE = MAX_RULES // PAGE_SIZE


@pytest.mark.parametrize(
    "act",
    [
        lambda interaction: COMMANDS.add(interaction, "horse"),
        lambda interaction: COMMANDS.remove(interaction, "horse"),
        COMMANDS.show,
        lambda interaction: COMMANDS.turn_page(interaction, WordListPageId(2)),
        lambda interaction: COMMANDS.test(interaction, "a horse"),
    ],
)
@pytest.mark.parametrize(
    ("permissions", "guild_id"),
    [(discord.Permissions(moderate_members=True, manage_messages=True), 1), (discord.Permissions.all(), None)],
)
async def test_who_may_not_manage_the_server_is_refused(
    act: Callable[[Any], Any], permissions: discord.Permissions, guild_id: int | None
) -> None:
    interaction: Any = SimpleNamespace(guild_id=guild_id, permissions=permissions)

    with pytest.raises(RejectedError) as raised:
        await act(interaction)

    assert raised.value.problems[0].code == "word_rules_not_allowed"
    assert await COMMANDS.complete_pattern(SimpleNamespace(permissions=discord.Permissions.none()), "") == []  # type: ignore[arg-type]


@pytest.mark.parametrize("language", list_languages())
@pytest.mark.parametrize(("page", "buttons"), [(1, [2]), (2, [1, 3]), (LAST_PAGE, [LAST_PAGE - 1])])
def test_a_full_list_is_paged(language: str, page: int, buttons: list[int]) -> None:
    view = build_list_view(RULES, page, LAST_PAGE, WordPolicy.REFUSE, load_messages(language))

    texts = [item.content for item in view.walk_children() if isinstance(item, discord.ui.TextDisplay)]
    ids = [item.custom_id for item in view.walk_children() if isinstance(item, discord.ui.Button)]
    assert sum(map(count_utf16_units, texts)) <= 4000
    assert f"- {(page - 1) * PAGE_SIZE:03}" in texts[0]
    assert ids == [f"word_list_page:{other}" for other in buttons]


@pytest.mark.parametrize("language", list_languages())
def test_all_matches_fit_into_a_message(language: str) -> None:
    view = build_matches_view(RULES[:MAX_MATCHES], load_messages(language))

    assert view.content_length() <= 4000
