"""Who may go on from a picture of somebody else."""

from types import SimpleNamespace
from typing import Any

import pytest

from bot.domain.draft import Draft
from bot.domain.guild_settings import ButtonPolicy, GuildSettings
from bot.domain.images import RemoteImage
from bot.domain.preferences import Preferences, ReusePolicy
from bot.interactions.locale import load_guild_settings, set_preferences
from bot.results.owners import find_owner, get_forwarded_guild_id
from bot.results.reuse import ReuseRule
from bot.submission.drafts import DraftImageLoader
from shared.job import Origin
from shared.problems import RejectedError
from tests.support.fake_stores import EmptyJobHistory, FakeGuildSettingsStore, FakePreferencesStore

ADA, BEN, CLEO, THE_BOT = 1, 2, 3, 9


async def make_interaction(settings: GuildSettings | None = None) -> Any:
    interaction = SimpleNamespace(
        id=5, user=SimpleNamespace(id=BEN), guild_id=10, guild=None, extras={}, channel_id=4, permissions=None
    )
    await load_guild_settings(interaction, FakeGuildSettingsStore(settings))  # type: ignore[arg-type]
    return interaction


async def find_code(rule: ReuseRule, interaction: Any, *owner_ids: int | None) -> str:
    with pytest.raises(RejectedError) as rejected:
        await rule.require_permission(interaction, owner_ids)
    return rejected.value.problems[0].code


async def test_the_first_other_owner_is_named_and_ones_own_picture_has_none() -> None:
    rule, interaction = ReuseRule(FakePreferencesStore()), await make_interaction(GuildSettings())

    assert await rule.require_permission(interaction, [BEN, None]) is None
    assert await rule.require_permission(interaction, [BEN, ADA]) == ADA
    assert await rule.require_permission(interaction, [CLEO, ADA]) == CLEO


async def test_the_wish_of_every_owner_holds() -> None:
    store = FakePreferencesStore()
    rule, interaction = ReuseRule(store), await make_interaction(GuildSettings())
    store.preferences[ADA] = Preferences(reuse_policy=ReusePolicy.NOBODY)

    assert await find_code(rule, interaction, CLEO, ADA) == "reuse_declined"
    store.preferences[BEN] = store.preferences.pop(ADA)
    assert await rule.require_permission(interaction, [BEN]) is None, "it does not bind oneself"


HERE, ELSEWHERE, DIRECT_MESSAGES = 10, 11, 0


@pytest.mark.parametrize(
    ("source_guild_id", "guild_id", "is_private", "is_allowed"),
    [
        (HERE, HERE, False, True),
        (None, HERE, False, True),
        (HERE, HERE, True, False),
        (ELSEWHERE, HERE, False, False),
        (DIRECT_MESSAGES, HERE, False, False),
        (DIRECT_MESSAGES, None, False, False),
        (HERE, None, False, False),
    ],
)
async def test_a_picture_that_needs_credit_is_used_in_its_own_server_for_everyone_to_read(
    source_guild_id: int | None, guild_id: int | None, is_private: bool, is_allowed: bool
) -> None:
    store, interaction = FakePreferencesStore(), await make_interaction(GuildSettings())
    store.preferences[ADA] = Preferences(reuse_policy=ReusePolicy.CREDIT)
    rule, interaction.guild_id = ReuseRule(store), guild_id
    set_preferences(interaction, Preferences(private=is_private))
    origin = None if source_guild_id is None else Origin(guild_id=source_guild_id, channel_id=4, message_id=5)

    for place in ({"origin": origin}, {"guild_id": source_guild_id}):
        if is_allowed:
            assert await rule.require_permission(interaction, [ADA], **place) == ADA
        else:
            with pytest.raises(RejectedError) as rejected:
                await rule.require_permission(interaction, [ADA], **place)
            assert [problem.code for problem in rejected.value.problems] == ["reuse_elsewhere"]


@pytest.mark.parametrize(("reference_guild_id", "found"), [(ELSEWHERE, ELSEWHERE), (None, DIRECT_MESSAGES)])
def test_a_forwarded_message_names_the_server_it_comes_from(reference_guild_id: int | None, found: int) -> None:
    reference = SimpleNamespace(guild_id=reference_guild_id)

    assert get_forwarded_guild_id(make_message(CLEO, message_snapshots=[object()], reference=reference)) == found
    assert get_forwarded_guild_id(make_message(CLEO, reference=reference)) is None


async def test_only_authors_go_on_where_the_server_says_so_or_its_settings_are_unknown() -> None:
    rule = ReuseRule(FakePreferencesStore())
    strict = await make_interaction(GuildSettings(ButtonPolicy.AUTHOR))

    assert await find_code(rule, strict, ADA) == "not_author"
    assert await rule.require_permission(strict, [BEN]) is None
    assert await find_code(rule, await make_interaction(None), ADA) == "lookup_timed_out"


async def test_the_wish_holds_for_a_draft_that_was_begun_before() -> None:
    store, image = FakePreferencesStore(), RemoteImage("https://cdn.discordapp.com/a.png")
    loader, interaction = DraftImageLoader(EmptyJobHistory(), ReuseRule(store)), await make_interaction(GuildSettings())
    draft = Draft(BEN, (image,), source_owner_id=ADA)

    assert await loader.load_image(interaction, draft) == image
    store.preferences[ADA] = Preferences(reuse_policy=ReusePolicy.NOBODY)
    with pytest.raises(RejectedError):
        await loader.load_image(interaction, draft)


def make_message(author_id: int, *, is_bot: bool = False, user_id: int | None = None, **fields: Any) -> Any:
    metadata = None if user_id is None else SimpleNamespace(user=SimpleNamespace(id=user_id))
    values: dict[str, Any] = {
        "components": [],
        "message_snapshots": [],
        "reference": None,
        "interaction_metadata": metadata,
    }
    return SimpleNamespace(author=SimpleNamespace(id=author_id, bot=is_bot), **(values | fields))


class ClientWithMessages:
    """A client that fetches these messages."""

    def __init__(self, **messages: Any) -> None:
        self.user = SimpleNamespace(id=THE_BOT)
        self.messages = messages

    def get_partial_messageable(self, channel_id: int, *, guild_id: int | None = None) -> Any:
        async def fetch_message(message_id: int) -> Any:
            return self.messages[f"m{message_id}"]

        return SimpleNamespace(fetch_message=fetch_message)


@pytest.mark.parametrize(
    ("message", "owner"),
    [
        (make_message(ADA), ADA),
        (make_message(CLEO, is_bot=True, user_id=ADA), ADA),
        (make_message(CLEO, is_bot=True), None),
        (
            make_message(
                CLEO,
                message_snapshots=[object()],
                reference=SimpleNamespace(channel_id=1, message_id=7, guild_id=10),
            ),
            ADA,
        ),
    ],
)
async def test_pictures_belong_to_who_posted_them_or_made_a_bot_post_them(message: Any, owner: int | None) -> None:
    client: Any = ClientWithMessages(m7=make_message(ADA))

    assert await find_owner(client, message, EmptyJobHistory()) == owner


async def test_a_result_belongs_to_its_requester() -> None:
    class OneJob(EmptyJobHistory):
        async def find_job(self, job_id: str) -> Any:
            requester = SimpleNamespace(id=ADA)
            return SimpleNamespace(job=SimpleNamespace(requester=requester)) if job_id == "17-02" else None

    client: Any = ClientWithMessages()
    button = SimpleNamespace(custom_id="variant_show:17-02")
    message = make_message(THE_BOT, components=[SimpleNamespace(children=[button])], user_id=BEN)
    message.author = client.user

    assert await find_owner(client, message, OneJob()) == ADA
