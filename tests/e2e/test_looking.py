"""Looking at what waits and at what was made, in the real house."""

import io
import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis
from PIL import Image

from demo.first_picture import words_of
from demo.house import House
from demo.web import call, download
from tests.e2e.asker import Asker, custom_ids, media_of, until


@pytest.fixture
def grace(house: House) -> Asker:
    """Somebody who has asked for nothing yet."""
    name = f"grace-{len(call('GET', f'{house.discord_url}/control/state')['users'])}"
    call("POST", f"{house.discord_url}/control/users", {"name": name})
    return Asker(house, name)


def use(asker: Asker, name: str, **options: Any) -> dict[str, Any]:
    """Use a command and wait for its answer."""
    asked = {"user": asker.user, "channel_id": asker.house.channel, "name": name, "options": options}
    return answered(asker, asker.post("/control/invoke", asked)["interaction_id"])


def answered(asker: Asker, interaction: str) -> dict[str, Any]:
    """Wait until an answer is more than the sign that the bot is thinking; an edit of a message is one."""

    def look() -> dict[str, Any] | None:
        state = asker.get(f"/control/interactions/{interaction}")
        told = [*state.get("followups", []), state.get("message")]
        return next((m for m in told if m and not m.get("deleted") and not m["flags"] & 128), None)

    return until(look, f"an answer to interaction {interaction}")


def choose(asker: Asker, message: dict[str, Any], job: str) -> dict[str, Any]:
    asked = {"user": asker.user, "message_id": message["id"], "custom_id": "s:show:0", "values": [job]}
    return answered(asker, asker.post("/control/press", asked)["interaction_id"])


def picture(message: dict[str, Any]) -> Image.Image:
    (item,) = media_of(message)
    return Image.open(io.BytesIO(download(item["media"]["url"])))


def said(message: dict[str, Any]) -> str:
    return "\n".join(words_of(message))


def autocompleted(asker: Asker, typed: str) -> list[dict[str, Any]]:
    asked = {"user": asker.user, "channel_id": asker.house.channel, "name": "show", "focused": "what"}
    choices: list[dict[str, Any]] = asker.post("/control/autocomplete", asked | {"options": {"what": typed}})["choices"]
    return choices


def test_what_was_made_is_found_leafed_through_and_shown_again_to_one_person_alone(grace: Asker) -> None:
    jobs = [grace.ask(f"a castle number {n}") for n in range(2)]
    answers = [grace.answer(job) for job in jobs]

    page = use(grace, "history", words="CASTLE")
    shown = choose(grace, page, jobs[0])

    assert page["flags"] & 64
    assert "2 found" in said(page)
    assert picture(page).width > 1024
    assert "a castle number 0" in media_of(page)[0]["description"]
    assert shown["flags"] & 64
    assert picture(shown).tobytes() == picture(answers[0]).tobytes()
    assert f"again:{jobs[0]}" in custom_ids(shown)
    assert "0 found" in said(use(grace, "history", words="dragon"))


def test_a_thumbnail_that_turns_out_broken_costs_its_page_one_cell(grace: Asker, house: House) -> None:
    broken, whole = [grace.ask(f"a mill number {n}") for n in range(2)]
    for job in (broken, whole):
        grace.answer(job)
    before = picture(use(grace, "history", words="mill"))

    with closing(sqlite3.connect(house.environment["DATABASE_URL"].removeprefix("sqlite:///"))) as records, records:
        records.execute("UPDATE thumbnails SET jpeg = substr(jpeg, 1, 900) WHERE job_id = ?", (broken,))
    after = picture(use(grace, "history", words="mill"))

    middle, block = before.width // 2, 16  # of JPEG: what changes in one cell reaches as far into the ground around it
    left, right = (0, 0, middle - block, before.height), (middle, 0, *before.size)
    assert after.crop(left).tobytes() == before.crop(left).tobytes()
    assert after.crop(right).tobytes() != before.crop(right).tobytes()
    assert f"job {broken}: its thumbnail is broken" in house.processes["bot"].log.read_text()


def test_what_is_gone_from_discord_is_said_to_be_gone_with_its_settings(grace: Asker, ada: Asker) -> None:
    job = grace.ask("a lighthouse", keep=40)
    answer = grace.answer(job)
    (offered,) = autocompleted(grace, "light")

    grace.delete(f"/control/messages/{answer['id']}")
    gone = use(grace, "show", what="lighthouse")

    assert offered["value"] == job
    assert offered["name"].startswith("a lighthouse · ")
    assert "The picture is gone" in said(gone)
    assert "40%" in said(gone)
    assert media_of(gone) == []
    assert f"again:{job}" in custom_ids(gone)
    assert "There is no such answer to show" in said(use(grace, "show", what="1300000000000000000"))
    assert "somebody else" in said(use(ada, "show", what=job, public=True))


def test_what_a_person_deleted_is_shown_without_a_way_to_delete_it(grace: Asker) -> None:
    job = grace.ask("a sandcastle", image=None)
    answer = grace.answer(job)
    grace.written_down(job)
    grace.press(grace.private(grace.press(answer, "delete")), "delete_yes")
    until(lambda: answer["id"] not in [m["id"] for m in grace.messages(answer["channel_id"])], "an answer that is gone")

    shown = use(grace, "show", what="sandcastle")

    assert "The picture is gone" in said(shown)
    assert custom_ids(shown) == [f"again:{job}", f"edit:{job}"]


def test_a_favourite_is_listed_until_its_mark_is_taken_away(grace: Asker, ada: Asker) -> None:
    answer = ada.answer(ada.ask("a favourite castle"))

    grace.private_words(grace.press(answer, "favourite"))
    marked = use(grace, "favourites")
    grace.private_words(grace.press(answer, "favourite"))

    assert "1 found" in said(marked)
    assert "a favourite castle" in said(marked)
    assert "0 found" in said(use(grace, "favourites"))


def test_pages_are_turned_in_their_place(grace: Asker) -> None:
    jobs = [grace.ask(f"a tower number {n}", image=None) for n in range(10)]
    for job in jobs:
        grace.answer(job)
    page = use(grace, "history", words="tower")

    turned = grace.press(page, "page", "2")

    def second() -> dict[str, Any] | None:
        message = grace.get(f"/control/interactions/{turned}").get("message")
        return message if message and "page 2 of 2" in said(message) else None

    message = until(second, "the second page")
    assert message["id"] == page["id"]
    assert "a tower number 0" in said(message)
    assert "a tower number 1" not in said(message)


def test_a_queue_shows_what_waits_with_its_way_to_be_cancelled_and_who_else_waits(grace: Asker, ada: Asker) -> None:
    assert "Nothing of yours is on its way" in said(use(grace, "queue"))
    jobs = [grace.ask(f"a slow castle [slow:4] {n}") for n in range(4)]
    for job in jobs:
        until(lambda job=job: grace.status(job).get("thread"), "a thread: the job is queued")  # type: ignore[misc]

    mine, hers = use(grace, "queue"), use(ada, "queue")

    assert "4 requests of yours are on their way" in said(mine)
    assert "4 requests are on their way on the whole server" in said(mine)
    assert "Nothing of yours is on its way" in said(hers)
    pressed = grace.press(mine, "queue_cancel", jobs[-1])

    def redrawn() -> dict[str, Any] | None:
        message = grace.get(f"/control/interactions/{pressed}").get("message")
        return message if message and "Nothing was painted, nothing is charged" in said(message) else None

    left = until(redrawn, "what is left of the queue, with what was done")
    assert left["id"] == mine["id"]
    assert f"queue_cancel:{jobs[-1]}" in custom_ids(mine)
    assert f"queue_cancel:{jobs[-1]}" not in custom_ids(left)
    assert "requests of yours are on their way" in said(left)
    endings = [said(grace.answer(job)) for job in jobs]
    assert [("cancelled it before it was painted" in ending) for ending in endings] == [False, False, False, True]


def test_an_export_holds_every_job_and_the_pictures_that_are_there(grace: Asker) -> None:
    jobs = [grace.ask(f"an exported castle {n}") for n in range(2)]
    answers = [grace.answer(job) for job in jobs]
    grace.delete(f"/control/messages/{answers[0]['id']}")

    asked = {"user": grace.user, "channel_id": grace.house.channel, "name": "export", "options": {}}
    going = grace.post("/control/invoke", asked)["interaction_id"]

    def ended() -> dict[str, Any] | None:
        state: dict[str, Any] = grace.get(f"/control/interactions/{going}")
        return state if "2 requests are in these files" in str(state.get("message")) else None

    state = until(ended, "the last word of the export")
    (part,) = state["followups"]
    assert part["flags"] & 64
    with zipfile.ZipFile(io.BytesIO(download(part["attachments"][0]["url"]))) as opened:
        newest, oldest = json.loads(opened.read("manifest.json"))["jobs"]
        assert opened.namelist() == [newest["picture"], "manifest.json"]
        assert opened.read(newest["picture"]) == download(media_of(answers[1])[0]["media"]["url"])
    assert (newest["job"], newest["request"]["text_prompts"][0]["text"]) == (jobs[1], "an exported castle 1")
    assert (oldest["job"], oldest["picture"], oldest["without_picture"]) == (jobs[0], None, "gone")
    assert "1 has no picture" in state["message"]["content"]


def test_a_person_has_one_export_at_a_time(grace: Asker) -> None:
    grace.answer(grace.ask("a slowly exported castle", image=None))
    fault = {"match": {"method": "GET", "path_regex": r"/channels/\d+/messages/\d+"}, "action": "delay:3", "times": 1}
    grace.post("/control/faults", fault)
    asked = {"user": grace.user, "channel_id": grace.house.channel, "name": "export", "options": {}}

    first = grace.post("/control/invoke", asked)["interaction_id"]
    until(lambda: "being put together" in str(grace.get(f"/control/interactions/{first}")), "the first at work")
    second = use(grace, "export")

    assert "still being put together" in said(second)
    until(lambda: grace.get(f"/control/interactions/{first}")["followups"], "the one part of the first")


def test_who_is_forgotten_leaves_nothing_behind_but_buttons_that_still_work(grace: Asker, house: House) -> None:
    first = grace.answer(grace.ask("an ocelot on a unicycle"))

    question = use(grace, "forget-me")
    pressed = grace.press(question, "forget")

    def forgotten() -> dict[str, Any] | None:
        message = grace.get(f"/control/interactions/{pressed}").get("message")
        return message if message and "You are forgotten" in said(message) else None

    after = until(forgotten, "the word that it is done")
    assert "1 request with its prompt and settings" in said(question)
    assert "1 request with its prompt and settings" in said(after)
    assert custom_ids(after) == []
    assert "Nothing is kept about you" in said(use(grace, "forget-me"))
    assert "0 found" in said(use(grace, "history"))
    database = Path(house.environment["DATABASE_URL"].removeprefix("sqlite:///"))
    files = [path for path in database.parent.glob(f"{database.name}*") if b"ocelot" in path.read_bytes()]
    assert files == []
    with redis.Redis.from_url(house.redis_url) as client:
        assert [key for key in client.scan_iter("pentimento:job:*") if b"ocelot" in client.hget(key, "job")] == []

    varied = grace.answer_here(grace.press(first, "vary", "subtle"))

    assert "an ocelot on a unicycle" in said(varied)


def test_others_are_found_where_the_person_can_read_and_nowhere_else(grace: Asker, ada: Asker, house: House) -> None:
    word = f"windmill {grace.user}"
    channels = [ada.post("/control/channels", {"name": name})["id"] for name in ("open", "closed")]
    jobs = [ada.ask(f"a {word}", image=None, channel=channel) for channel in channels]
    for job in jobs:
        ada.answer(job)
    ada.put(f"/control/permissions/{channels[1]}", {"user": grace.user, "deny": str(1 << 10)})

    found = [said(use(asker, "history", words=word, everyone=True)) for asker in (ada, grace)]

    assert "2 found" in found[0]
    assert "1 found" in found[1]
    assert "a windmill" in said(use(grace, "show", what=jobs[0]))
    assert "There is no such answer to show" in said(use(grace, "show", what=jobs[1]))
    assert "0 found" in said(use(grace, "history", words=word))
