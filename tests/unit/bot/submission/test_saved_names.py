"""The names of presets and style sets: how they are found and offered."""

import pytest

from bot.domain.owners import Owner
from bot.domain.style_sets import StyleSet
from bot.submission.saved_names import clean_name, find_named, list_matching
from bot.submission.style_set_option import StyleSetOption
from shared.problems import RejectedError
from tests.support.members import make_interaction

OF_SERVER = StyleSet("1", "Oils", 5, 1)
OWN = StyleSet("2", "oils", 0, 2)
PENCIL = StyleSet("3", "Pencil", 5, 1)


class StyleSets:
    def __init__(self) -> None:
        self.reads = 0

    async def list_style_sets(self, owner: Owner) -> list[StyleSet]:
        del owner
        self.reads += 1
        return [OF_SERVER, OWN, PENCIL]

    async def load_pictures(self, style_set_id: str) -> list[bytes]:
        raise AssertionError(style_set_id)


def test_a_persons_own_comes_before_their_servers_of_the_same_name() -> None:
    saved = (OF_SERVER, OWN, PENCIL)

    assert find_named(saved, "oils") is OWN
    assert find_named(saved, "ink") is None
    assert list_matching(saved, "") == [OWN, PENCIL]
    assert list_matching(saved, " PEN ") == [PENCIL]


def test_a_name_that_shows_nothing_is_refused() -> None:
    assert clean_name(" two\nlines ", 32, "preset_name_empty") == "two lines"
    with pytest.raises(RejectedError, match="preset_name_empty"):
        clean_name("\u200b", 32, "preset_name_empty")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("", {"oils": "oils", "Pencil (this server)": "Pencil"}),
        ("oi", {"oils": "oils", "oils #1": "oils #1", "oils #2": "oils #2"}),
        ("pencil #", {"Pencil (this server)": "Pencil", "Pencil (this server) #1": "Pencil #1"}),
        ("ink", {}),
    ],
)
async def test_the_pictures_of_a_style_set_are_offered_once_it_is_typed_with_one_read(
    typed: str, offered: dict[str, str]
) -> None:
    store = StyleSets()

    choices = await StyleSetOption(store).autocomplete_picture(await make_interaction(), typed)

    assert {choice.name: choice.value for choice in choices} == offered
    assert store.reads == 1
