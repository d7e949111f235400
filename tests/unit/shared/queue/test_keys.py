"""The prefix of all keys in Redis is checked before anything is stored behind it."""

import pytest

from shared.queue.keys import KeyNames, parse_key_prefix


@pytest.mark.parametrize("prefix", ["pentimento:", "{pentimento}:", "bots:2:", "b{ots-1.eu}x:", ":"])
def test_a_prefix_ends_with_a_colon_and_may_have_one_hash_tag(prefix: str) -> None:
    names = KeyNames(parse_key_prefix(prefix))

    assert names.job_key("7") == f"{prefix}job:7"
    assert names.ticket_list_key("generate") == f"{prefix}celery:generate"


@pytest.mark.parametrize(
    "prefix",
    ["", "pentimento", "{}:", "{a}{b}:", "{pentimento:", "a}:", "a b:", "ä:", "*:", "pentimento:\n", "x" * 64 + ":"],
)
def test_another_prefix_is_refused_with_advice(prefix: str) -> None:
    with pytest.raises(ValueError, match=r"it is not a prefix of keys\. Write at most"):
        parse_key_prefix(prefix)
