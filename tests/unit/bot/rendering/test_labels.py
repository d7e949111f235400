"""Labels of pictures fit into a choice."""

from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.labels import format_picture_label
from shared.i18n.messages import list_languages, load_messages
from shared.prompts import TextPrompt
from shared.request.model import Request
from tests.support.views import make_job, utf16_length


@given(st.text(st.characters(), max_size=300), st.none() | st.integers(0, 2**32), st.sampled_from(list_languages()))
def test_the_label_of_a_picture_fits_into_a_choice(prompt: str, seed: int | None, language: str) -> None:
    request = Request(model="sdxl", text_prompts=(TextPrompt(text=prompt),) if prompt else (), has_picture=True)
    variant = make_job(request).model_copy(update={"id": "1442000000000000001-09"})

    assert 1 <= utf16_length(format_picture_label(variant, seed, load_messages(language))) <= 100
