"""The summary of a person's data stays within Discord's limits and lists only data that exists."""

from hypothesis import given
from hypothesis import strategies as st

from bot.features.privacy.summary import StoredDataSummary
from bot.features.privacy.view import build_privacy_view
from shared.i18n.messages import Messages
from tests.support.views import EN, any_messages, assert_fits_discord, join_texts


@given(st.lists(st.integers(0, 10**9), min_size=10, max_size=10), st.booleans(), any_messages)
def test_a_summary_fits_discord(counts: list[int], is_deleted: bool, messages: Messages) -> None:
    assert_fits_discord(build_privacy_view(StoredDataSummary(*counts), messages, is_deleted=is_deleted))


def test_only_stored_data_is_listed() -> None:
    text = join_texts(build_privacy_view(StoredDataSummary(jobs=1, preferences=1), EN))

    assert "- 1 request with its prompt and settings\n- your preferences" in text
    assert "favourite" not in text
    assert "in progress" not in text
    text = join_texts(build_privacy_view(StoredDataSummary(), EN))

    assert text.startswith("### Nothing is stored about you\nThis stays:")
