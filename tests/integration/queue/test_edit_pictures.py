"""The pictures of an edit travel together: from the bot through both stages to the model, and into a dead letter."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image

from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.outcomes import RedisOutcomeStream
from shared.accounts import DEFAULT_ACCOUNT
from shared.catalogue import Catalogue, Model
from shared.job import Job
from shared.outcome import Failed
from shared.problems import make_problem
from shared.queue.stages import Stage
from shared.request.bundles import pack_pictures
from shared.request.model import MaskKind, Request
from shared.request.pictures import Pictures
from tests.support.images import encode_image
from tests.support.redis_queue import claim_job, make_job, set_job_aside
from worker.call_result import GeneratedImage
from worker.cli.dead_letters import run_dead_letters
from worker.generate import GenerateJob
from worker.prepare import prepare_job
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue


def encode(colour: str, size: tuple[int, int] = (90, 64)) -> bytes:
    image = Image.new("RGB", size, colour)
    image.paste("black", (0, 0, size[0] // 2, size[1]))
    return encode_image(image)


SOURCE, MASK, STYLE = encode("teal"), encode("white", (45, 32)), encode("gold", (200, 100))
RESULT = b"RIFF\0\0\0\0WEBP"


@dataclass
class RecordingClient:
    """A `worker.ports.ImageModelClient` that keeps what it is asked for."""

    pictures: list[Pictures] = field(default_factory=list)
    metadata: list[Mapping[str, str] | None] = field(default_factory=list)

    def authorize(self, model: Model, account: str) -> None:
        pass

    def generate(
        self,
        request: Request,
        model: Model,
        pictures: Pictures,
        seed: int | None,
        metadata: Mapping[str, str] | None = None,
        account: str = DEFAULT_ACCOUNT,
    ) -> GeneratedImage:
        del request, model, account
        self.pictures.append(pictures)
        self.metadata.append(metadata)
        return GeneratedImage(RESULT, "image/webp", 90, 64, seed, 1.0)


def make_edit(number: int, model: str = "erase-object", **pictures: object) -> Job:
    request = Request.model_validate({"model": model, "text_prompts": (), "has_picture": True} | pictures)
    return make_job(number, model=model).model_copy(update={"request": request})


async def test_the_mask_of_an_edit_reaches_the_model_at_the_sources_size(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, outcomes: RedisOutcomeStream, catalogue: Catalogue
) -> None:
    client = RecordingClient()
    await bot_queue.enqueue_job(make_edit(1, mask=MaskKind.PICTURE), pack_pictures(Pictures(SOURCE, MASK)))

    prepare_job(worker_queue, catalogue, claim_job(worker_queue, Stage.PREPARE))
    stored = await bot_queue.load_prepared_image("1")
    GenerateJob(worker_queue, client, catalogue, max_wait_seconds=60).run(claim_job(worker_queue))

    (sent,) = client.pictures
    assert stored == pack_pictures(sent)
    assert client.metadata == [{"job_id": "1", "guild_id": "1"}]
    with Image.open(io.BytesIO(sent.mask or b"")) as mask, Image.open(io.BytesIO(sent.source or b"")) as source:
        assert (mask.mode, mask.size, source.size) == ("L", (90, 64), (90, 64))
        assert (mask.getpixel((10, 10)), mask.getpixel((80, 10))) == (0, 255)
    (entry,) = await outcomes.read_outcomes()
    await outcomes.acknowledge_outcome(entry, 99)
    assert await bot_queue.load_prepared_image("1") is None
    assert worker_queue.fetch_upload("1") is None


async def test_what_was_stored_of_an_edit_can_be_sent_again(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    holey = Image.open(io.BytesIO(SOURCE)).convert("RGBA")
    holey.paste((0, 0, 0, 0), (0, 0, 45, 64))
    job = make_edit(1, mask=MaskKind.ALPHA)
    await bot_queue.enqueue_job(job, encode_image(holey))
    prepare_job(worker_queue, catalogue, claim_job(worker_queue, Stage.PREPARE))
    stored = await bot_queue.load_prepared_image("1")

    client = RecordingClient()
    await bot_queue.enqueue_job(job.model_copy(update={"id": "2"}), stored)
    prepare_job(worker_queue, catalogue, claim_job(worker_queue, Stage.PREPARE))
    generate_job = GenerateJob(worker_queue, client, catalogue, max_wait_seconds=60)
    generate_job.run(claim_job(worker_queue))
    generate_job.run(claim_job(worker_queue))

    first, second = client.pictures
    assert first.mask == second.mask


@pytest.mark.parametrize(
    ("job", "pictures"),
    [
        (make_edit(1, mask=MaskKind.PICTURE), Pictures(SOURCE)),
        (make_edit(1, "style-transfer", has_style_picture=True), Pictures(SOURCE, MASK)),
        (make_edit(1, mask=MaskKind.PICTURE), Pictures(mask=MASK)),
    ],
)
async def test_an_edit_whose_pictures_are_not_all_there_fails_before_its_call(
    bot_queue: BotJobQueue,
    worker_queue: WorkerJobQueue,
    outcomes: RedisOutcomeStream,
    catalogue: Catalogue,
    job: Job,
    pictures: Pictures,
) -> None:
    await bot_queue.enqueue_job(job, pack_pictures(pictures))

    prepare_job(worker_queue, catalogue, claim_job(worker_queue, Stage.PREPARE))

    (entry,) = await outcomes.read_outcomes()
    (status,) = await bot_queue.load_statuses([entry.job_id])
    assert status.outcome == Failed(problem=make_problem("upload_expired"))


async def test_a_dead_letter_gives_back_every_picture(
    bot_queue: BotJobQueue,
    worker_queue: WorkerJobQueue,
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.chdir(tmp_path)
    job = make_edit(1, "style-transfer", has_style_picture=True)
    await bot_queue.enqueue_job(job, pack_pictures(Pictures(SOURCE, style=STYLE)))
    set_job_aside(worker_queue, claim_job(worker_queue, Stage.PREPARE))

    assert run_dead_letters(["show", "1", "--out", str(tmp_path / "letter.png")]) == 0

    assert (tmp_path / "letter.png").read_bytes() == SOURCE
    assert (tmp_path / "letter-style.png").read_bytes() == STYLE
    assert "letter-style.png" in capsys.readouterr().out
