"""Each value of a select or a form of a team's panel changes its own setting; one that is wrong changes nothing."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from bot.domain.presets import Preset
from bot.domain.style_sets import StyleSet
from bot.domain.teams import Team
from bot.features.teams.choices import TeamChoices, apply_text
from bot.features.teams.custom_ids import FORM_SETTINGS, SECTION_OF_SETTING, Section, TeamSettingId, TeamUndoId
from bot.features.teams.view import TeamPanel, build_choice_view, build_team_list, build_team_view
from bot.rendering.team_labels import TeamLabels
from shared.catalogue import load_catalogue
from shared.i18n.messages import list_languages, load_messages
from shared.job import Priority
from shared.problems import RejectedError
from tests.support.views import assert_fits_discord, join_texts

ROLE, APPROVERS = 7, 8
GUILD: Any = SimpleNamespace(id=1, get_role={ROLE: "makers", APPROVERS: "approvers"}.get)
CATALOGUE = load_catalogue()
BRAND = Preset("abcdefghjk", "Brand", 1, {"model": "sd3.5-large", "keep": 40.0, "steps": 30})
OILS = StyleSet("1", "Oils", 7, 3)
CHOICES = TeamChoices(GUILD, CATALOGUE, [BRAND], [OILS])
MAKERS = Team(ROLE, 1, "Makers")
STYLED = replace(MAKERS, defaults={"style_preset": "anime", "keep": 20.0}, locked=frozenset({"style_preset", "keep"}))
FULL = Team(
    role_id=10**18,
    guild_id=1,
    name="*" * 100,
    weight=0.25,
    approver_role_id=10**18,
    approval_limit=999_999_999,
    defaults={
        "model": "of-another-release",
        "style_preset": "modeling-compound",
        "output_format": "webp",
        "aspect_ratio": "21:9",
        "keep": 33.0,
        "negative": "_text_ " * 140,
        "steps": 50,
        "style_set": "Oils",
        "cfg_scale": 7.5,
    },
    locked=frozenset({"model", "negative", "keep", "steps"}),
    priority=Priority.LOW,
)


@pytest.mark.parametrize(
    ("team", "name", "values", "expected"),
    [
        (MAKERS, "weight", ["0.5"], replace(MAKERS, weight=0.5)),
        (MAKERS, "priority", ["low"], replace(MAKERS, priority=Priority.LOW)),
        (MAKERS, "approver_role_id", [str(APPROVERS)], replace(MAKERS, approver_role_id=APPROVERS)),
        (replace(MAKERS, approver_role_id=APPROVERS), "approver_role_id", [], MAKERS),
        (MAKERS, "model", ["sd3.5-large"], replace(MAKERS, defaults={"model": "sd3.5-large"})),
        (MAKERS, "keep", ["80"], replace(MAKERS, defaults={"keep": 80.0})),
        (
            STYLED,
            "keep",
            ["-"],
            replace(STYLED, defaults={"style_preset": "anime"}, locked=frozenset({"style_preset"})),
        ),
        (MAKERS, "style_set", ["Oils"], replace(MAKERS, defaults={"style_set": "Oils"})),
        (STYLED, "locked", ["keep"], replace(STYLED, locked=frozenset({"keep"}))),
        (STYLED, "locked", [], replace(STYLED, locked=frozenset())),
        (STYLED, "preset", [BRAND.code], replace(STYLED, defaults=dict(BRAND.options), locked=frozenset({"keep"}))),
    ],
)
def test_a_choice_changes_its_setting(team: Team, name: str, values: list[str], expected: Team) -> None:
    assert CHOICES.apply_values(team, name, values) == expected


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("weight", ["0.1"]),
        ("weight", []),
        ("priority", ["soon"]),
        ("approver_role_id", ["999"]),
        ("approver_role_id", ["everyone"]),
        ("model", ["of-another-release"]),
        ("keep", ["101"]),
        ("locked", ["model"]),
        ("preset", ["zzzzzzzzzz"]),
        ("approval_limit", ["5"]),
    ],
)
def test_what_is_no_choice_changes_nothing(name: str, values: list[str]) -> None:
    with pytest.raises(RejectedError, match="choice_gone"):
        CHOICES.apply_values(STYLED, name, values)


def test_forms_take_a_price_and_words_and_clear_what_is_empty() -> None:
    limited = apply_text(MAKERS, "approval_limit", " $2,50 ")
    worded = apply_text(MAKERS, "negative", " text, logos ")

    assert limited == replace(MAKERS, approval_limit=2_500_000)
    assert apply_text(limited, "approval_limit", "") == MAKERS
    assert worded == replace(MAKERS, defaults={"negative": "text, logos"})
    assert apply_text(replace(worded, locked=frozenset({"negative"})), "negative", "\u200b") == MAKERS
    for text in ("cheap", "-1", "1001"):
        with pytest.raises(RejectedError, match="price_out_of_range"):
            apply_text(MAKERS, "approval_limit", text)


@pytest.mark.parametrize("language", list_languages())
@pytest.mark.parametrize("team", [MAKERS, FULL])
def test_every_message_fits_discord_whatever_the_settings(language: str, team: Team) -> None:
    labels = TeamLabels(load_messages(language), CATALOGUE, GUILD)
    presets = [replace(BRAND, code=f"preset{number}", name="N" * 64) for number in range(50)]
    panel = TeamPanel(team, TeamChoices(GUILD, CATALOGUE, presets, [OILS]), labels)

    ids = []
    for section in Section:
        view = panel.build_view(section, "a note " * 100, TeamUndoId(2**53))
        ids += [TeamSettingId.parse(part.get("custom_id", "")) for part in assert_fits_discord(view)]
    for name in FORM_SETTINGS:
        assert len(str(panel.build_form(name).custom_id)) <= 100
    assert_fits_discord(build_team_view(team, labels, []))
    assert_fits_discord(build_team_list([replace(FULL, role_id=10**18 + n) for n in range(24)], frozenset(), labels))
    assert_fits_discord(build_choice_view([replace(team, role_id=n) for n in range(1, 25)], 3, "", labels.messages))

    shown = {custom_id.name for custom_id in ids if custom_id is not None}
    assert shown == set(SECTION_OF_SETTING) - set(FORM_SETTINGS) - (set() if team.defaults else {"locked"})


def test_the_settings_of_a_team_are_told_in_words() -> None:
    text = join_texts(build_team_view(FULL, TeamLabels(load_messages("en"), CATALOGUE, GUILD), []))

    assert "### Team a deleted role" in text
    assert "- Turns: 0.25 × the turns of one person" in text
    assert "- Priority: when nobody else waits" in text
    assert "- Approvers: a deleted role" in text
    assert "- Approval: for batches that cost more than $1000.00" in text
    assert "- Locked: keep, model, negative, steps" in text
    assert "None: `/budget set` sets one." in text
