"""The rules of a server hold for every request, whichever way it is submitted."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.domain.exploration import ExplorationPlan, Variation
from bot.domain.guild_settings import GuildQueueState, GuildSettings, WordPolicy
from bot.domain.preferences import Preferences
from bot.explorations.confirmation import ExplorationConfirmation
from bot.explorations.several import PictureSubmitter
from bot.explorations.starter import ExplorationStarter
from bot.interactions.result_buttons import RegenerateId
from bot.submission.submitter import JobSubmitter
from bot.submission.validation import RequestValidator
from shared.catalogue import load_catalogue
from shared.problems import RejectedError
from shared.request.builder import build_request
from shared.request.model import Request
from tests.support.commands import UNUSED
from tests.support.fake_stores import FakeJobQueue, FakeSubmissionStore, FakeWordLists
from tests.support.members import make_interaction

ROOT = Path(__file__).parents[4]
CATALOGUE = load_catalogue()
MODERATOR = discord.Permissions(moderate_members=True)
MANAGER = discord.Permissions(manage_guild=True)


def make_request(prompt: str = "a castle", model: str = "sd3.5-large", *, seed: int = 1, **options: Any) -> Request:
    if model == "fast-upscale":
        return Request(model=model, text_prompts=(), has_picture=True)
    return build_request(CATALOGUE, prompt=prompt, model=model, has_picture=False, seed=seed, **options).request


def make_edit(model: str, **options: Any) -> Request:
    return build_request(CATALOGUE, prompt="a swan", model=model, has_picture=True, **options).request


async def find_codes(*requests: Request, patterns: tuple[str, ...] = (), **facts: Any) -> list[str]:
    """List the codes of the problems for which the requests are refused together."""
    validator = RequestValidator(CATALOGUE, (), 10**6, (), FakeWordLists(*patterns))
    try:
        await validator.validate_requests(await make_interaction(**facts), None, *(requests or [make_request()]))
    except RejectedError as rejection:
        return [problem.code for problem in rejection.problems]
    return []


CORE_ONLY = GuildSettings(models=frozenset({"stable-image-core"}))


@pytest.mark.parametrize(
    ("settings", "model", "codes"),
    [
        (CORE_ONLY, "stable-image-core", []),
        (CORE_ONLY, "sd3.5-large", ["model_not_on_offer"]),
        (CORE_ONLY, "fast-upscale", ["task_not_on_offer"]),
        (GuildSettings(tasks=frozenset({"generate"})), "sd3.5-large", []),
        (GuildSettings(tasks=frozenset({"generate"})), "fast-upscale", ["task_not_on_offer"]),
        (GuildSettings(tasks=frozenset({"upscale"})), "sd3.5-large", ["task_not_on_offer"]),
    ],
)
async def test_only_models_and_tasks_on_offer_are_accepted(
    settings: GuildSettings, model: str, codes: list[str]
) -> None:
    assert await find_codes(make_request(model=model), settings=settings) == codes


@pytest.mark.parametrize(
    ("state", "codes"),
    [(GuildQueueState.OPEN, []), (GuildQueueState.PAUSED, []), (GuildQueueState.DRAINING, ["queue_draining"])],
)
async def test_only_a_queue_that_is_draining_takes_no_requests(state: GuildQueueState, codes: list[str]) -> None:
    assert await find_codes(settings=GuildSettings(queue_state=state)) == codes


async def test_the_problem_names_the_models_on_offer() -> None:
    validator = RequestValidator(CATALOGUE, (), 10**6)

    with pytest.raises(RejectedError) as raised:
        await validator.validate_requests(await make_interaction(settings=CORE_ONLY), None, make_request())

    assert raised.value.problems[0].facts == {"model": "SD 3.5 Large", "models": "Stable Image Core"}


@pytest.mark.parametrize(
    ("count", "permissions", "codes"),
    [
        (2, None, []),
        (3, None, ["price_too_high"]),
        (3, MODERATOR, []),
        (3, MANAGER, []),
        (3, discord.Permissions(manage_messages=True), ["price_too_high"]),
    ],
)
async def test_the_price_of_all_pictures_together_is_limited_for_who_is_no_moderator(
    count: int, permissions: discord.Permissions | None, codes: list[str]
) -> None:
    requests = [make_request(seed=seed) for seed in range(1, count + 1)]  # $0.08 each
    settings = GuildSettings(max_price=160_000)

    assert await find_codes(*requests, settings=settings, permissions=permissions) == codes


@pytest.mark.parametrize(
    ("allowed", "private", "guild_id", "codes"),
    [
        (True, True, 1, []),
        (False, False, 1, []),
        (False, True, 1, ["private_not_allowed"]),
        (False, True, None, []),  # in direct messages everything is private
    ],
)
async def test_private_results_are_refused_where_the_server_does_not_allow_them(
    allowed: bool, private: bool, guild_id: int | None, codes: list[str]
) -> None:
    settings, preferences = GuildSettings(allows_private_results=allowed), Preferences(private=private)

    assert await find_codes(settings=settings, preferences=preferences, guild_id=guild_id) == codes


@pytest.mark.parametrize(
    "request_",
    [
        make_request("a white horse"),
        make_request("a castle", negative="hörse"),
        make_request("white:: horse"),
        make_edit("search-replace", search_prompt="the horse"),
        make_edit("search-recolor", select_prompt="a horse's coat"),
    ],
)
@pytest.mark.parametrize(
    ("policy", "facts", "codes"),
    [
        (WordPolicy.REFUSE, {}, ["word_listed"]),
        (WordPolicy.REFUSE, {"is_age_restricted": True}, ["word_listed"]),
        (WordPolicy.AGE_RESTRICTED, {}, ["word_age_restricted"]),
        (WordPolicy.AGE_RESTRICTED, {"is_age_restricted": True}, []),
        (WordPolicy.AGE_RESTRICTED, {"is_age_restricted": True, "channel_id": 70, "parent_id": 7}, []),
        (WordPolicy.AGE_RESTRICTED, {"channel_id": 70, "parent_id": 7}, ["word_age_restricted"]),
        (WordPolicy.REFUSE, {"guild_id": None}, []),
        (WordPolicy.REFUSE, {"permissions": MANAGER}, ["word_listed"]),
    ],
)
async def test_prompts_with_a_listed_word_are_refused_as_the_server_wants(
    request_: Request, policy: WordPolicy, facts: dict[str, Any], codes: list[str]
) -> None:
    settings = GuildSettings(word_policy=policy)

    assert await find_codes(request_, patterns=("horse",), settings=settings, **facts) == codes


async def test_settings_that_could_not_be_loaded_let_nothing_through() -> None:
    assert await find_codes(settings=None) == ["lookup_timed_out"]


@dataclass
class Answers:
    """What the user of an interaction is shown, and what is recorded."""

    texts: list[str] = field(default_factory=list)
    store: FakeSubmissionStore = field(default_factory=FakeSubmissionStore)

    async def make_interaction(self, **facts: Any) -> Any:
        interaction = await make_interaction(**facts)
        interaction.message = None
        interaction.response = SimpleNamespace(
            is_done=lambda: False, send_message=self._show, defer=self._defer, type=None
        )
        interaction.followup = SimpleNamespace(send=self._show)
        return interaction

    def make_pictures(self, word_lists: FakeWordLists) -> PictureSubmitter:
        validator = RequestValidator(CATALOGUE, (), 10**6, (), word_lists)
        submitter = JobSubmitter(validator, UNUSED, FakeJobQueue(), self.store)
        starter = ExplorationStarter(submitter, UNUSED, CATALOGUE)
        confirmation = ExplorationConfirmation(starter, UNUSED, UNUSED, UNUSED, CATALOGUE)
        return PictureSubmitter(submitter, starter, confirmation, CATALOGUE)

    async def _show(self, text: str, **how: Any) -> None:
        assert how["ephemeral"]
        self.texts.append(text)

    async def _defer(self, **_: Any) -> None:
        return None


CHOICE = RegenerateId("17")
PLAN = ExplorationPlan(Variation.SEEDS, tuple(make_request("a horse", seed=seed) for seed in (1, 2)))
REQUEST = make_request("a horse")
Way = Callable[[PictureSubmitter, Any], Awaitable[Any]]
WAYS: dict[str, Way] = {
    "command": lambda pictures, i: pictures.submit(i, REQUEST, None, 1, {}),
    "several": lambda pictures, i: pictures.submit(i, REQUEST, None, 3, {}),
    "choice": lambda pictures, i: pictures.submit_choice(i, CHOICE, "17", REQUEST, None, 1, {}),
    "choice of several": lambda pictures, i: pictures.submit_choice(i, CHOICE, "17", REQUEST, None, 2, {}),
    "once": lambda pictures, i: pictures.submitter.submit_once(i, "17", REQUEST, None),
    "exploration": lambda pictures, i: pictures.starter.start_in_response(i, PLAN, None, {}),
}


@pytest.mark.parametrize(
    ("settings", "refusal"),
    [
        (GuildSettings(), "is on this server's word list"),
        (GuildSettings(models=frozenset({"stable-image-core"})), "SD 3.5 Large isn't on offer in this server."),
        (GuildSettings(tasks=frozenset({"upscale"})), "This server doesn't offer “Making pictures”."),
        (GuildSettings(max_price=1), "may cost at most $"),
        (GuildSettings(allows_private_results=False), "private results, and this server doesn't allow them."),
    ],
)
@pytest.mark.parametrize("way", WAYS)
async def test_every_way_to_ask_is_refused_in_private_and_records_nothing(
    way: str, settings: GuildSettings, refusal: str
) -> None:
    answers = Answers()
    is_private = not settings.allows_private_results
    interaction = await answers.make_interaction(settings=settings, preferences=Preferences(private=is_private))

    await WAYS[way](
        answers.make_pictures(FakeWordLists("horse" if settings == GuildSettings() else "sheep")), interaction
    )

    assert len(answers.texts) == 1
    assert refusal in answers.texts[0]
    assert answers.store.states == {}


async def test_a_planned_exploration_is_refused_before_its_price_is_shown_and_again_when_it_is_confirmed() -> None:
    answers, word_lists = Answers(), FakeWordLists("horse")
    pictures, interaction = answers.make_pictures(word_lists), await answers.make_interaction()

    for refused in (
        pictures.confirmation.render_question(interaction, PLAN, None, {}),
        pictures.starter.start_in_message(interaction, "17", PLAN, None, {}),
    ):
        with pytest.raises(RejectedError) as raised:
            await refused
        assert [problem.code for problem in raised.value.problems] == ["word_listed"]
    assert word_lists.loads == 2


def test_every_module_that_records_requests_validates_them() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in (ROOT / "bot").rglob("*.py")}
    recording = {
        path.relative_to(ROOT).as_posix(): source
        for path, source in sources.items()
        if re.search(r"\.(add_jobs|submit_many)\(", source) and "storage" not in path.parts
    }

    assert {"bot/submission/submitter.py", "bot/explorations/starter.py"} <= set(recording)
    assert [name for name, source in recording.items() if ".validate_requests(" not in source] == []
