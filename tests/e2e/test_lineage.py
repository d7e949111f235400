"""`/lineage` in the real house: the family of a picture as a tree, and the way to it as an animation."""

import io
from typing import Any

from PIL import Image

from demo.web import download
from tests.e2e.asker import Asker, media_of, until


def shown(asker: Asker, interaction: str) -> dict[str, Any]:
    return until(
        lambda: next(
            (m for m in [asker.get(f"/control/interactions/{interaction}").get("message")] if m and media_of(m)), None
        ),
        "the tree",
    )


def words(message: dict[str, Any]) -> str:
    return "\n".join(part.get("content", "") for outer in message["components"] for part in outer["components"])


def test_a_family_is_one_tree_and_the_way_to_a_picture_one_animation(ada: Asker) -> None:
    first = ada.answer(ada.ask("a castle"))
    varied, repeated = ada.press(first, "vary", "subtle"), ada.press(first, "again")
    further = ada.press(ada.answer_here(varied), "vary", "strong")
    until(
        lambda: all(ada.status(job)["content"].startswith("Done") for job in (varied, repeated, further)), "three ends"
    )

    message = shown(ada, ada.use("lineage", first["channel_id"], job=varied))

    tree, film = media_of(message)
    drawn = Image.open(io.BytesIO(download(tree["media"]["url"])))
    played = Image.open(io.BytesIO(download(film["media"]["url"])))
    assert (drawn.format, played.format, getattr(played, "n_frames", 1) > 2) == ("JPEG", "WEBP", True)
    assert "of 4 AI-made pictures" in tree["description"]
    lines = words(message).splitlines()
    assert sum("**this picture**" in line for line in lines) == 1
    assert sum(f"/{first['channel_id']}/" in line for line in lines) == 4


def test_what_a_deleted_answer_started_from_is_not_shown(ada: Asker) -> None:
    first = ada.answer(ada.ask("a castle"))
    varied = ada.press(first, "vary", "subtle")
    ada.answer_here(varied)
    before = shown(ada, ada.use("lineage", first["channel_id"], job=varied))

    ada.press(ada.private(ada.press(first, "delete")), "delete_yes")
    until(lambda: first["id"] not in [m["id"] for m in ada.messages(first["channel_id"])], "a deleted answer")
    after = shown(ada, ada.use("lineage", first["channel_id"], job=varied))

    assert ["original" in words(message) for message in (before, after)] == [True, False]


def test_a_job_of_nowhere_is_refused_in_private(ada: Asker) -> None:
    first = ada.answer(ada.ask("a castle", image=None))

    refusal = ada.private_words(ada.use("lineage", first["channel_id"], job="17"))

    assert refusal.startswith("That job is not known here.")
