"""How the delivery is divided among the bots that run."""

from collections import Counter

import pytest

from bot.domain.partitions import PARTITION_COUNT, choose_partitions, find_partition

ALL = frozenset(range(PARTITION_COUNT))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_each_partition_falls_to_one_bot_and_each_bot_has_a_share(count: int) -> None:
    tokens = frozenset(f"bot-{number}" for number in range(count))

    shares = [choose_partitions(token, tokens) for token in tokens]

    assert Counter(partition for share in shares for partition in share) == Counter(ALL)
    assert min(map(len, shares)) >= PARTITION_COUNT // count // 4


def test_a_bot_that_ends_moves_its_own_share_only() -> None:
    three = frozenset({"bot-a", "bot-b", "bot-c"})

    for token in ("bot-a", "bot-b"):
        assert choose_partitions(token, three) < choose_partitions(token, three - {"bot-c"})


def test_a_key_has_the_same_partition_in_every_process_and_release() -> None:
    assert [find_partition(key) for key in (0, 1, 1442000000000000001)] == [33, 55, 11]
