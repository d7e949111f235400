"""SHARDS: which shards of the gateway a process runs."""

import pytest

from bot.domain.shards import Shards, find_shard, parse_shards


@pytest.mark.parametrize(
    ("text", "ids", "count"),
    [("0-3/8", (0, 1, 2, 3), 8), ("0,1,2,3/8", (0, 1, 2, 3), 8), (" 5, 0-1 / 6", (0, 1, 5), 6), ("0/1", (0,), 1)],
)
def test_ranges_and_lists_name_the_same_shards(text: str, ids: tuple[int, ...], count: int) -> None:
    assert parse_shards(text) == Shards(ids, count)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("4", "as in 0-3/8"),
        ("3-0/4", "as in 0-3/8"),
        ("/4", "as in 0-3/8"),
        ("0-3/", "as in 0-3/8"),
        ("-1/4", "as in 0-3/8"),
        ("0-99999999/999999999", "as in 0-3/8"),
        ("٣/8", "as in 0-3/8"),
        ("0-4/4", "there is no shard 4 of 4"),
        ("0,0-1/4", "names a shard twice"),
    ],
)
def test_what_names_no_shards_is_refused_with_advice(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_shards(text)


def test_the_shard_of_a_server_follows_from_its_id() -> None:
    assert find_shard(197038439483310086, 16) == (197038439483310086 >> 22) % 16
