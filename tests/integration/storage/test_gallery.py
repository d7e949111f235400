"""Galleries, on SQLite, and on PostgreSQL where a server is installed; two bots share the database."""

import asyncio
from dataclasses import replace

import pytest

from bot.domain.gallery import GalleryPost, GalleryPostState, GalleryReason, GallerySettings, Remover
from bot.domain.messages import MessageRef
from bot.domain.preferences import Preferences
from bot.domain.round_phases import start_contest
from bot.domain.rounds import Phase
from bot.features.gallery.store import SqlTopStore, TopQuery
from bot.features.privacy.store import SqlUserDataStore
from bot.storage.ballots import SqlBallotStore
from bot.storage.credits import SqlCreditStore
from bot.storage.favourites import SqlFavouriteStore
from bot.storage.gallery import SqlGalleryStore
from bot.storage.gallery_rows import COUNT_DELAY_SECONDS
from bot.storage.job_history import SqlJobHistory
from bot.storage.jobs import SqlJobStore
from bot.storage.preferences import SqlPreferencesStore
from bot.storage.rounds import SqlRoundStore
from bot.storage.session import Database
from bot.storage.tables import gallery_posts
from tests.support.builders import ADA_ID, BEN_ID, Clock, make_finished_status, make_job_by, read_rows
from tests.support.rounds import CONTEST_ID, make_contest, make_entry_job

GUILD, CHANNEL, MESSAGE = 1, 77, 88
JOB = make_job_by(1)
WAITING, POSTED, REMOVING, REMOVED = GalleryPostState


@pytest.fixture
def gallery(database: Database, clock: Clock) -> SqlGalleryStore:
    return SqlGalleryStore(database, clock=clock)


@pytest.fixture
def favourites(database: Database, clock: Clock) -> SqlFavouriteStore:
    return SqlFavouriteStore(database, clock=clock)


@pytest.fixture(autouse=True)
async def result(job_store: SqlJobStore) -> str:
    """A result of Ada's."""
    await job_store.add_jobs([JOB], None)
    await job_store.mark_delivered(make_finished_status(JOB), MessageRef(3, 4))
    return JOB.id


async def get_post(gallery: SqlGalleryStore) -> GalleryPost:
    post = await gallery.find_post(JOB.id)
    assert post is not None
    return post


async def post_result(gallery: SqlGalleryStore, reason: GalleryReason = GalleryReason.MODERATOR) -> GalleryPost:
    await gallery.add_post(JOB.id, GUILD, reason)
    begun = await gallery.begin_attempt(await get_post(gallery), CHANNEL, 60)
    assert begun is not None
    await gallery.mark_posted(begun, MESSAGE)
    return await get_post(gallery)


async def test_settings_are_stored_for_one_server(gallery: SqlGalleryStore) -> None:
    settings = GallerySettings(2**62, 3, counts_own_marks=True, ignored_channel_ids=frozenset({5, 6}))

    await gallery.save_settings(GUILD, GallerySettings(7))
    await gallery.save_settings(GUILD, settings)

    assert await gallery.load_settings(GUILD) == settings
    assert await gallery.load_settings(GUILD + 1) == GallerySettings()


async def test_a_result_is_added_once_and_begun_by_one_of_two_bots(
    gallery: SqlGalleryStore, database_url: str, clock: Clock
) -> None:
    other_database = Database(database_url)
    other = SqlGalleryStore(other_database, clock=clock)

    added = await asyncio.gather(*(bot.add_post(JOB.id, GUILD, GalleryReason.SHARED) for bot in (gallery, other) * 3))
    (seen,), (seen_by_other,) = await gallery.list_due_posts(9, 9), await other.list_due_posts(9, 9)
    begun = await asyncio.gather(
        gallery.begin_attempt(seen, CHANNEL, 60), other.begin_attempt(seen_by_other, CHANNEL, 60)
    )
    await other_database.close()

    assert sorted(added) == [False] * 5 + [True]
    assert sorted(attempt is not None for attempt in begun) == [False, True]
    assert await gallery.list_due_posts(9, 9) == []
    clock.now += 61
    assert [(post.state, post.attempted_at) for post in await gallery.list_due_posts(9, 9)] == [
        (WAITING, clock.now - 61)
    ]


@pytest.mark.parametrize(
    ("settings", "is_shown_by_author", "markers", "is_added"),
    [
        (GallerySettings(CHANNEL, 2), True, [BEN_ID, 44], True),
        (GallerySettings(CHANNEL, 2), True, [BEN_ID, ADA_ID], False),
        (GallerySettings(CHANNEL, 2, counts_own_marks=True), True, [BEN_ID, ADA_ID], True),
        (GallerySettings(CHANNEL, 3), True, [BEN_ID, 44, 44], False),
        (GallerySettings(CHANNEL, 2), False, [BEN_ID, 44], False),
        (GallerySettings(CHANNEL, None), True, [BEN_ID, 44], False),
        (GallerySettings(None, 2), True, [BEN_ID, 44], False),
    ],
)
async def test_enough_favourites_of_different_people_put_a_result_in(
    gallery: SqlGalleryStore,
    favourites: SqlFavouriteStore,
    database: Database,
    settings: GallerySettings,
    is_shown_by_author: bool,
    markers: list[int],
    is_added: bool,
) -> None:
    await gallery.save_settings(GUILD, settings)
    await SqlPreferencesStore(database).save_preferences(ADA_ID, Preferences(in_galleries=is_shown_by_author))
    await favourites.toggle_favourite(BEN_ID, JOB.id)
    before = await gallery.find_post(JOB.id)

    for user_id in markers[1:]:
        await favourites.toggle_favourite(user_id, JOB.id)

    after = await gallery.find_post(JOB.id)
    assert before is None
    assert (after and after.reason) == (GalleryReason.FAVOURITES if is_added else None)


async def test_many_marks_are_one_edit_and_a_mark_during_the_edit_is_another(
    gallery: SqlGalleryStore, favourites: SqlFavouriteStore, clock: Clock
) -> None:
    await post_result(gallery)
    for user_id in (BEN_ID, 44, 45):
        await favourites.toggle_favourite(user_id, JOB.id)
        clock.now += 1
    too_early = await gallery.list_due_posts(9, 9)
    clock.now += COUNT_DELAY_SECONDS

    (due,) = await gallery.list_due_posts(9, 9)
    await favourites.toggle_favourite(46, JOB.id)
    await gallery.mark_edited(due)

    assert too_early == [] == await gallery.list_due_posts(9, 9)
    clock.now += COUNT_DELAY_SECONDS
    (due_again,) = await gallery.list_due_posts(9, 9)
    assert await gallery.count_favourites(JOB.id, counts_own_marks=False) == 4
    await gallery.mark_edited(due_again)
    clock.now += COUNT_DELAY_SECONDS
    assert await gallery.list_due_posts(9, 9) == []


async def test_a_result_that_is_deleted_while_it_is_posted_is_taken_out(
    gallery: SqlGalleryStore, job_history: SqlJobHistory
) -> None:
    await gallery.add_post(JOB.id, GUILD, GalleryReason.SHARED)
    begun = await gallery.begin_attempt(await get_post(gallery), CHANNEL, 60)
    assert begun is not None

    await job_history.mark_result_deleted(JOB.id)
    await gallery.mark_posted(begun, MESSAGE)

    (due,) = await gallery.list_due_posts(9, 9)
    assert (due.state, due.channel_id, due.message_id, due.removed_by) == (
        *(REMOVING, CHANNEL, MESSAGE, Remover.DELETION),
    )
    await gallery.mark_removed(due)
    assert await gallery.list_due_posts(9, 9) == []
    assert not await gallery.add_post(JOB.id, GUILD, GalleryReason.SHARED), "a deleted result never returns"


@pytest.mark.parametrize(
    ("remover", "reason", "returns"),
    [
        (Remover.AUTHOR, GalleryReason.SHARED, True),
        (Remover.AUTHOR, GalleryReason.MODERATOR, False),
        (Remover.MODERATOR, GalleryReason.MODERATOR, True),
        (Remover.MODERATOR, GalleryReason.SHARED, False),
        (Remover.MODERATOR, GalleryReason.WINNER, False),
    ],
)
async def test_only_whoever_took_a_result_out_lets_it_return(
    gallery: SqlGalleryStore, remover: Remover, reason: GalleryReason, returns: bool
) -> None:
    await post_result(gallery)
    removed = [await gallery.remove_post(JOB.id, remover) for _ in range(2)]
    await gallery.mark_removed(await get_post(gallery))

    assert removed == [True, False]
    assert await gallery.add_post(JOB.id, GUILD, reason) is returns
    after = await get_post(gallery)
    expected = (WAITING, None, None, None) if returns else (REMOVED, CHANNEL, None, remover)
    assert (after.state, after.channel_id, after.attempted_at, after.removed_by) == expected


@pytest.mark.parametrize(("reason", "state"), [(GalleryReason.FAVOURITES, REMOVING), (GalleryReason.SHARED, POSTED)])
async def test_who_wants_to_be_in_no_gallery_is_taken_out_of_those_of_others(
    gallery: SqlGalleryStore, database: Database, reason: GalleryReason, state: GalleryPostState
) -> None:
    await post_result(gallery, reason)

    await SqlPreferencesStore(database).save_preferences(ADA_ID, Preferences(in_galleries=False))

    assert (await get_post(gallery)).state is state


async def test_forgetting_a_person_takes_their_results_out_and_their_marks_off(
    gallery: SqlGalleryStore,
    favourites: SqlFavouriteStore,
    database: Database,
    job_store: SqlJobStore,
    clock: Clock,
    database_url: str,
) -> None:
    bens = make_job_by(2, user_id=BEN_ID)
    await job_store.add_jobs([bens], None)
    await favourites.toggle_favourite(ADA_ID, bens.id)
    await post_result(gallery)
    await gallery.add_post(bens.id, GUILD, GalleryReason.SHARED)
    of_ben = await gallery.find_post(bens.id)
    assert of_ben is not None
    await gallery.mark_posted(replace(of_ben, channel_id=CHANNEL), 89)

    await SqlUserDataStore(database, clock=clock).delete_personal_data(ADA_ID)

    (of_ada,) = await gallery.list_due_posts(9, 9)
    assert (of_ada.job_id, of_ada.state, of_ada.message_id) == (JOB.id, REMOVING, MESSAGE)
    await gallery.mark_removed(of_ada)
    assert [row["job_id"] for row in read_rows(database_url, gallery_posts)] == [bens.id]
    clock.now += COUNT_DELAY_SECONDS
    assert [post.job_id for post in await gallery.list_due_posts(9, 9)] == [bens.id], "its count changed"


async def test_what_could_not_be_posted_is_tried_again_when_the_settings_change(
    gallery: SqlGalleryStore, clock: Clock
) -> None:
    await gallery.add_post(JOB.id, GUILD, GalleryReason.SHARED)
    await gallery.postpone(await get_post(gallery), 3600)
    postponed = await gallery.list_due_posts(9, 9)

    await gallery.save_settings(GUILD, GallerySettings(CHANNEL))

    assert postponed == []
    assert [post.failures for post in await gallery.list_due_posts(9, 9)] == [0]
    clock.now += 1
    await gallery.discard_post(await get_post(gallery))
    assert await gallery.find_post(JOB.id) is None


async def test_the_winners_of_a_round_enter_and_are_listed_among_the_best(
    gallery: SqlGalleryStore,
    favourites: SqlFavouriteStore,
    job_store: SqlJobStore,
    database: Database,
    clock: Clock,
) -> None:
    rounds, ballots = SqlRoundStore(database, clock=clock), SqlBallotStore(database, clock=clock)
    await rounds.add_contest(start_contest(make_contest()))
    of_ada, of_ben = make_entry_job(11), make_entry_job(12, user_id=BEN_ID)
    for entry in (of_ada, of_ben):
        await job_store.add_jobs([entry], None)
        await job_store.mark_delivered(make_finished_status(entry), None)
    await gallery.save_settings(GUILD, GallerySettings(CHANNEL))
    await favourites.toggle_favourite(BEN_ID, JOB.id)

    while (contest := await rounds.find_contest(CONTEST_ID)) and contest.deadline:
        clock.now = contest.due_at or contest.deadline
        await rounds.advance(CONTEST_ID)
        if (contest := await rounds.find_contest(CONTEST_ID)) and contest.phase is Phase.VOTING:
            number = next(e.number for e in await rounds.list_entries(CONTEST_ID) if e.author_id == BEN_ID)
            await ballots.save_ballot(CONTEST_ID, 50, [number or 0], phase=contest.phase, round_number=1)

    posts = [await gallery.find_post(entry.id) for entry in (of_ada, of_ben)]
    assert [post and post.reason for post in posts] == [None, GalleryReason.WINNER]
    top, query = SqlTopStore(database), TopQuery(GUILD, {2})
    assert [(r.record.job.id, r.favourites, r.wins) for r in await top.list_top_results(query, 9)] == [
        (JOB.id, 1, 0),
        (of_ben.id, 0, 1),
    ]
    assert [(r.record.job.requester.id, r.wins) for r in await top.list_top_people(query, 9)] == [(BEN_ID, 1)]
    for nothing in (replace(query, channel_ids={9}), replace(query, guild_id=2), replace(query, since=clock.now + 1)):
        assert await top.list_top_results(nothing, 9) == await top.list_top_people(nothing, 9) == []
    await SqlPreferencesStore(database).save_preferences(BEN_ID, Preferences(in_galleries=False))
    assert await top.list_top_people(query, 9) == []


async def test_the_best_are_what_the_reader_sees_and_what_others_marked(
    gallery: SqlGalleryStore, favourites: SqlFavouriteStore, database: Database, job_history: SqlJobHistory
) -> None:
    top = SqlTopStore(database)
    await favourites.toggle_favourite(ADA_ID, JOB.id)

    async def list_ids(query: TopQuery) -> list[str]:
        return [result.record.job.id for result in await top.list_top_results(query, 9)]

    assert await list_ids(TopQuery(GUILD, {2})) == []
    assert await list_ids(TopQuery(GUILD, {2}, counts_own_marks=True)) == [JOB.id]
    await favourites.toggle_favourite(BEN_ID, JOB.id)
    assert await list_ids(TopQuery(GUILD, {2})) == [JOB.id]
    assert await list_ids(TopQuery(GUILD, {CHANNEL})) == []
    await post_result(gallery)
    assert await list_ids(TopQuery(GUILD, {CHANNEL})) == [JOB.id], "who reads the gallery sees what is in it"
    await job_history.mark_result_deleted(JOB.id)
    assert await list_ids(TopQuery(GUILD, {2, CHANNEL})) == []


async def test_the_chain_of_authors_leads_from_a_result_to_the_first_picture(
    database: Database, job_store: SqlJobStore
) -> None:
    parent = JOB.id
    people = ((2, BEN_ID, ADA_ID), (3, BEN_ID, None), (4, 44, BEN_ID), (5, ADA_ID, 44))
    for number, user_id, owner_id in people:
        links = {"parent_id": parent, "source_owner_id": owner_id}
        job = make_job_by(number, user_id=user_id).model_copy(update=links)
        await job_store.add_jobs([job], None)
        parent = job.id

    chain = SqlCreditStore(database)

    assert await chain.list_source_authors(parent) == [44, BEN_ID]
    assert await chain.list_source_authors(make_job_by(4).id) == [BEN_ID, ADA_ID]
    assert await chain.list_source_authors(JOB.id) == await chain.list_source_authors("17") == []


async def test_a_server_with_many_results_does_not_hold_up_the_others(gallery: SqlGalleryStore, clock: Clock) -> None:
    for number in range(6):
        await gallery.add_post(str(number), GUILD, GalleryReason.WINNER)
    clock.now += 1
    await gallery.add_post("6", GUILD + 1, GalleryReason.WINNER)

    assert [post.job_id for post in await gallery.list_due_posts(9, 2)] == ["0", "1", "6"]
    assert [post.job_id for post in await gallery.list_due_posts(2, 2)] == ["0", "1"]
