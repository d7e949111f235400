"""Which results may enter a gallery."""

from dataclasses import replace

import pytest

from bot.domain.gallery import GalleryReason, GalleryRefusal, GallerySettings, ResultPlaceFacts, find_refusal

GUILD, CHANNEL, PARENT = 1, 2, 3
OPEN_PLACE = ResultPlaceFacts(GUILD, frozenset({CHANNEL, PARENT}), is_readable=True)
SHARED, FAVOURITES, MODERATOR, WINNER = GalleryReason
IGNORING = GallerySettings(9, 2, ignored_channel_ids=frozenset({PARENT}))
ALWAYS = GalleryReason


@pytest.mark.parametrize(
    ("place", "refusal", "reasons"),
    [
        (OPEN_PLACE, None, ALWAYS),
        (replace(OPEN_PLACE, is_private=True), GalleryRefusal.PRIVATE, ALWAYS),
        (replace(OPEN_PLACE, guild_id=7), GalleryRefusal.OTHER_SERVER, ALWAYS),
        (replace(OPEN_PLACE, is_age_restricted=True), GalleryRefusal.AGE_RESTRICTED, ALWAYS),
        (replace(OPEN_PLACE, is_secret=True), GalleryRefusal.ENTRY, ALWAYS),
        (replace(OPEN_PLACE, is_readable=False), GalleryRefusal.HIDDEN_CHANNEL, (FAVOURITES, MODERATOR, WINNER)),
    ],
)
def test_the_place_of_a_result_decides_whoever_wants_it(
    place: ResultPlaceFacts, refusal: GalleryRefusal | None, reasons: tuple[GalleryReason, ...]
) -> None:
    found = {
        reason: find_refusal(
            reason, place, GallerySettings(9), guild_id=GUILD, is_age_restricted=False, is_declined=False
        )
        for reason in GalleryReason
    }

    assert found == {reason: refusal if reason in reasons else None for reason in GalleryReason}


def test_an_age_restricted_gallery_takes_results_of_age_restricted_channels() -> None:
    place = replace(OPEN_PLACE, is_age_restricted=True)

    assert not find_refusal(
        MODERATOR, place, GallerySettings(9), guild_id=GUILD, is_age_restricted=True, is_declined=False
    )


def test_who_wants_to_be_in_no_gallery_is_put_in_by_nobody_else() -> None:
    found = [
        find_refusal(reason, OPEN_PLACE, GallerySettings(9), guild_id=GUILD, is_age_restricted=False, is_declined=True)
        for reason in (SHARED, FAVOURITES, MODERATOR, WINNER)
    ]

    assert found == [None, *[GalleryRefusal.DECLINED] * 3]


def test_only_favourites_are_ignored_in_a_channel_and_its_threads() -> None:
    found = [
        find_refusal(reason, OPEN_PLACE, IGNORING, guild_id=GUILD, is_age_restricted=False, is_declined=False)
        for reason in (SHARED, FAVOURITES, MODERATOR, WINNER)
    ]

    assert found == [None, GalleryRefusal.IGNORED_CHANNEL, None, None]
