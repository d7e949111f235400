"""The table of a manifest that is sent in again asks for the same pictures."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.batches.manifest import ManifestEntry, build_manifest_csv
from bot.batches.reading.file_names import clean_name
from bot.batches.reading.files import read_files
from bot.batches.reading.rows import build_rows
from bot.batches.reading.values import SentFile
from bot.submission.foreign_syntax import ForeignRequestBuilder
from shared.catalogue import load_catalogue
from shared.request.builder import build_request
from shared.request.model import Request
from tests.support.batch_tables import PNG, describe_problems
from tests.support.batches import make_item

CATALOGUE = load_catalogue()
WORDS = st.sampled_from(
    [
        "fog",
        "{red, blue}",
        "=1+1",
        "a|b",
        "+x",
        '"q"',
        "é;ü",
        "(",
        "[a|b]",
        "two\nlines",
        "(word:1.3)",
        "@",
        "'-a",
        "x,y",
    ]
)
PROMPTS = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)
OPTIONS = st.fixed_dictionaries(
    {"prompt": PROMPTS.map(lambda text: text.replace("|", "\\|"))},
    optional={
        "negative": PROMPTS,
        "keep": st.sampled_from([0, 1, 35, 62.5, 100]),
        "output_format": st.sampled_from(["png", "jpeg", "webp"]),
        "fit": st.sampled_from(["crop", "pad", "stretch"]),
    },
)


def read_request(options: Mapping[str, str], *, has_picture: bool) -> Request:
    """Read the options of an item as those of a command are read."""
    build = partial(build_request, CATALOGUE, has_picture=has_picture)
    builder = ForeignRequestBuilder(lambda typed: build(**typed), CATALOGUE, can_fetch=lambda _: False)
    return builder.build_request(options).request


@given(
    st.lists(
        st.tuples(OPTIONS, st.integers(1, 4294967294), st.sampled_from(["fox", "FOX", "=owl", "été"])),
        min_size=1,
        max_size=5,
    )
)
def test_it_has_the_same_requests_seeds_names_and_pictures(rows: list[tuple[dict[str, Any], int, str]]) -> None:
    items = []
    for number, (options, seed, name) in enumerate(rows, 1):
        request = build_request(CATALOGUE, has_picture=True, **options).request
        items.append(
            replace(make_item(number, name=f"{clean_name(name)}-{number}", seed=seed), request=request, note=name)
        )
    entries = [ManifestEntry(item, image_name="lamp 1.png") for item in items]

    files = [SentFile("manifest.csv", build_manifest_csv(entries)), SentFile("lamp_1.png", PNG)]
    read = build_rows(read_files(files))

    assert describe_problems(read) == []
    made = [item for row in read.rows for item in row.items]
    requests = [read_request(item.options, has_picture=item.picture is not None) for item in made]
    assert requests == [item.request.model_copy(update={"seed": item.seed}) for item in items]
    assert [(item.name, item.note) for item in made] == [(item.name, item.note) for item in items]
