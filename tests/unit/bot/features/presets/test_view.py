"""The list of presets stays within Discord's limits, whatever they are called."""

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.presets import Preset
from bot.features.presets.view import build_presets_view
from shared.i18n.messages import Messages
from shared.request.conversion import extract_settings
from shared.request.model import Request
from tests.support.views import CATALOGUE, any_messages, any_text, assert_fits_discord, requests


@given(st.lists(st.tuples(any_text, st.booleans(), requests), max_size=75), any_messages)
def test_the_greatest_number_of_presets_fits_discord(
    saved: list[tuple[str, bool, Request]], messages: Messages
) -> None:
    presets = [Preset("code", name[:32], int(is_guild), extract_settings(request)) for name, is_guild, request in saved]

    assert_fits_discord(build_presets_view(presets, CATALOGUE, messages))
