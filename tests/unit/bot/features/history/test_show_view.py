"""The messages about pictures that no longer exist stay within Discord's limits."""

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.records import JobRecord
from bot.features.history.show_view import build_ended_view, build_missing_picture_view
from bot.interactions.result_buttons import build_notice_rows
from shared.i18n.messages import Messages
from tests.support.views import CATALOGUE, LINK, any_messages, assert_fits_discord, records


@given(records, any_messages, st.none() | st.just(LINK))
def test_a_message_about_a_missing_picture_fits_discord(
    record: JobRecord, messages: Messages, link: str | None
) -> None:
    model = CATALOGUE.models.get(record.job.request.model)
    rows = build_notice_rows(record.job.id, record.job.request, CATALOGUE, messages)

    assert_fits_discord(build_missing_picture_view(record.job, record, model, messages, rows=rows))
    assert_fits_discord(build_ended_view(record.job, record.missing_image_reason, link, messages, rows=rows))
