"""`python -m worker generate` and `check`, as a person starts them."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from shared.catalogue import Catalogue, load_catalogue
from shared.request.builder import build_request
from shared.request.model import OPTION_NAMES
from tests.unit.worker.conftest import BedrockStandIn
from worker.cli.generate import run_check, run_generate
from worker.png_metadata import build_png_text, embed_metadata

SD35 = "stability.sd3-5-large-v1:0"
CommandRunner = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "in.png"
    Image.linear_gradient("L").convert("RGB").resize((320, 240)).save(path)
    return path


@pytest.fixture
def run(tmp_path: Path, bedrock: BedrockStandIn) -> CommandRunner:
    """Start the command in an empty folder: no `.env` of the machine's is read."""

    def start(*arguments: str | Path, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        assert bedrock.list_calls() == []
        environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
        command = [sys.executable, "-m", "worker", *map(str, arguments)]
        return subprocess.run(
            command, input=stdin, capture_output=True, cwd=tmp_path, env=environment, timeout=30, check=False
        )

    return start


@pytest.fixture
def here(tmp_path: Path, bedrock: BedrockStandIn, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same folder for calls inside this process."""
    assert bedrock.list_calls() == []
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_picture_goes_in_and_a_picture_with_its_parameters_comes_out(
    run: CommandRunner, picture: Path, bedrock: BedrockStandIn
) -> None:
    out = picture.with_name("out.png")
    options = ["--model", "sdxl", "--seed", "5", "--keep", "50", "--negative", "crowds"]
    ended = run("generate", "--image", picture, *options, "--out", out, "a castle::1.2")
    assert (ended.returncode, ended.stderr) == (0, b"")
    lines = dict(line.split(maxsplit=1) for line in ended.stdout.decode().splitlines())
    assert lines.pop("seconds")
    assert lines == {
        "seed": "5",
        "outcome": "generated",
        "model": "stability.stable-diffusion-xl-v1",
        "type": "image/png",
        "size": "1152x896",
        "file": str(out),
    }
    with Image.open(out) as made:
        assert made.size == (1152, 896)
        told = made.info
    assert told["parameters"].startswith("(a castle:1.2)\nNegative prompt: crowds\n")
    assert json.loads(told["pentimento"])["seed"] == 5
    (call,) = bedrock.list_calls()
    assert call["body"]["image_strength"] == 0.5
    assert [prompt["text"] for prompt in call["body"]["text_prompts"]] == ["a castle", "crowds"]
    assert sorted(path.name for path in picture.parent.iterdir()) == ["in.png", "out.png"]


def test_a_picture_comes_out_four_times_as_large_and_its_type_is_said(
    run: CommandRunner, picture: Path, bedrock: BedrockStandIn
) -> None:
    ended = run("generate", "--model", "fast-upscale", "--image", picture, "--out", "big.png")
    assert ended.returncode == 0
    lines = dict(line.split(maxsplit=1) for line in ended.stdout.decode().splitlines())
    assert (lines["size"], lines["type"], "seed" in lines) == ("1280x960", "image/jpeg", False)
    assert ended.stderr.decode().startswith("“big.png” holds image/jpeg.")
    with Image.open(picture.with_name("big.png")) as made:
        assert (made.format, made.size) == ("JPEG", (1280, 960))
    (call,) = bedrock.list_calls()
    assert (call["body"]["image"]["width"], call["body"]["image"]["height"]) == (320, 240)


def test_a_larger_png_is_made_where_it_is_asked_for_and_tells_how(
    here: Path, picture: Path, bedrock: BedrockStandIn
) -> None:
    asked = ["--model", "conservative-upscale", "--creativity", "0.2", "--seed", "5", "--output-format", "png"]
    assert run_generate([*asked, "--image", str(picture), "--out", str(here / "big.png"), "a castle"]) == 0
    with Image.open(here / "big.png") as made:
        assert (made.format, made.size) == ("PNG", (3326, 2494))
        assert made.info["parameters"] == "a castle\nCreativity: 0.2, Seed: 5, Model: Conservative Upscale"
    assert len(bedrock.list_calls()) == 1


def test_a_picture_may_come_by_pipe_and_leave_by_pipe(run: CommandRunner, picture: Path) -> None:
    ended = run("generate", "--image", "-", "--out", "-", "--json", "a castle", stdin=picture.read_bytes())
    assert ended.returncode == 0
    with Image.open(io.BytesIO(ended.stdout)) as made:
        assert made.format == "PNG"
    assert json.loads(ended.stderr)["outcome"] == "generated"


def test_a_withheld_picture_is_said_and_what_was_there_stays(run: CommandRunner, picture: Path) -> None:
    out = picture.with_name("out.png")
    out.write_bytes(b"before")
    ended = run("generate", "--image", picture, "--out", out, "a secret castle [filtered]")
    assert ended.returncode == 3
    assert b"outcome  filtered" in ended.stdout
    assert b"The picture is withheld." in ended.stderr
    assert b"secret" not in ended.stdout + ended.stderr
    assert out.read_bytes() == b"before"
    assert sorted(path.name for path in picture.parent.iterdir()) == ["in.png", "out.png"]


def test_a_failure_is_said_with_the_services_words(run: CommandRunner, tmp_path: Path) -> None:
    ended = run("generate", "--json", "--out", tmp_path / "out.png", "a castle [throttle]")
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["code"] == "busy"
    assert "stayed busy" in ended.stderr.decode()
    assert "Too many requests" in ended.stderr.decode()
    assert list(tmp_path.iterdir()) == []


def test_all_that_is_wrong_is_named_before_anything_is_sent(
    run: CommandRunner, tmp_path: Path, bedrock: BedrockStandIn
) -> None:
    wrong = ["--steps", "30.5", "--cfg-scale", "x", "--fit", "y", "--extras", "[", "--sampler", "K_LMS"]
    ended = run("generate", "--image", "none.png", *wrong, "--out", tmp_path / "no" / "out.png", "a | |")
    assert ended.returncode == 2
    assert ended.stdout == b""
    words = ["out.png”", "“steps”", "“cfg_scale”", "“fit”", "“extras”", "none.png", "Part 2", "has no “sampler”"]
    said = ended.stderr.decode().splitlines()
    assert len(said) >= len(words)
    for word in words:
        assert any(word in line for line in said), word
    assert bedrock.list_calls() == []


@pytest.mark.parametrize("name", OPTION_NAMES)
def test_every_option_of_a_request_can_be_given(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is nonsense everywhere is complained about by the option's own name."""
    assert run_generate([f"--{name.replace('_', '-')}", "|", "--out", str(here / "o.png"), "--json", "fog"]) == 2
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert any(f"“{name}”" in problem for problem in problems)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--image", "text.png"], "format is not read here"),
        (["--image", "cut.png"], "The picture"),
        (["--model", "nothing"], "no model called “nothing”"),
        (["--catalogue", "none.toml"], "The settings cannot be used"),
        (["--catalogue", "text.png"], "The settings cannot be used"),
        (["--keep", "50"], "“keep” was given without a picture"),
        (["--keep", "inf"], "no finite number"),
        (["--model", "sdxl", "--extras", '{"a": 1e999}'], "1e999 is not JSON"),
        (["--out", "folder"], "is no file"),
        (["--model", "fast-upscale", "--image", "in.png"], "Fast Upscale has no “prompt”"),
        (["--model", "conservative-upscale", "--image", "wide.png"], "more than 2.5 times as long as wide"),
        (["--model", "conservative-upscale", "--image", "wide.png", "--fit", "crop"], "leaves a picture its own shape"),
    ],
)
def test_input_that_cannot_be_used_ends_with_two_and_words(
    arguments: list[str], words: str, picture: Path, bedrock: BedrockStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    here = picture.parent
    (here / "text.png").write_text("[words", encoding="utf-8")
    (here / "cut.png").write_bytes(picture.read_bytes()[:200])
    (here / "folder").mkdir()
    Image.new("RGB", (400, 100)).save(here / "wide.png")
    out = [] if "--out" in arguments else ["--out", "out.png"]
    assert run_generate([*out, *arguments, "a castle"]) == 2
    assert words in capsys.readouterr().err
    assert not (here / "out.png").exists()
    assert bedrock.list_calls() == []


def test_a_prompt_that_is_not_utf8_is_refused_with_words(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_generate(["--out", str(here / "out.png"), os.fsdecode(b"caf\xe9")]) == 2
    assert "not UTF-8" in capsys.readouterr().err


def test_an_operators_catalogue_is_laid_over(here: Path, bedrock: BedrockStandIn) -> None:
    (here / "mine.toml").write_text('default = "stable-image-core"', encoding="utf-8")
    assert run_generate(["--catalogue", "mine.toml", "--out", "out.webp", "--output-format", "webp", "a castle"]) == 0
    assert [call["model"] for call in bedrock.list_calls()] == ["stability.stable-image-core-v1:1"]
    with Image.open("out.webp") as made:
        assert made.format == "WEBP"


def test_what_only_the_operator_can_mend_is_told_with_its_reason(
    here: Path, aws: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    assert run_generate(["--out", str(here / "out.png"), "a castle"]) == 1
    said = capsys.readouterr().err
    assert "refused the bot's AWS credentials" in said
    assert "does not match the signature you provided" in said
    assert "AKIA" not in said


# check


@pytest.fixture
def lives(bedrock: BedrockStandIn) -> Callable[..., None]:
    """Set how the stand-in has the models (all ACTIVE otherwise)."""
    ids = [SD35, "stability.stable-diffusion-xl-v1", "stability.stable-image-core-v1:1"]
    ids.append("stability.stable-fast-upscale-v1:0")

    def put(**statuses: str) -> None:
        for model, name in zip(ids, ("sd35", "sdxl", "core", "fast"), strict=True):
            bedrock.call_control("PUT", f"/control/models/{model}", {"status": statuses.get(name, "ACTIVE")})

    put()
    return put


@pytest.mark.usefixtures("here")
def test_check_finds_an_account_in_order(lives: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    lives(sdxl="EOL")
    assert run_check(["--region", "us-west-2"]) == 0
    region, credentials, sd35, sdxl, core, fast, conservative = capsys.readouterr().out.splitlines()
    assert (region.split(), credentials.split()) == (["region", "us-west-2"], ["credentials", "env"])
    assert sd35.split() == ["ready", "SD", "3.5", "Large", SD35, "us-west-2"]
    assert sdxl.startswith("warning  SDXL 1.0")
    assert "Its life ended on 2025-05-20. Take it off" in sdxl
    assert core.startswith("ready")
    assert fast.split() == ["ready", "Fast", "Upscale", "us.stability.stable-fast-upscale-v1:0", "us-west-2"]
    assert conservative.startswith("ready")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("status", "grade", "words"),
    [
        ("EOL", "broken", "AWS has no such model here."),
        ("forbidden", "broken", "This account may not use it."),
        ("LEGACY", "warning", "AWS calls it LEGACY"),
    ],
)
def test_check_tells_what_became_of_a_model(
    status: str, grade: str, words: str, lives: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    lives(sd35=status)
    assert run_check([]) == (1 if grade == "broken" else 0)
    line = capsys.readouterr().out.splitlines()[2]
    assert line.startswith(grade)
    assert words in line
    lives(fast=status)
    assert run_check([]) == (1 if grade == "broken" else 0)
    line = capsys.readouterr().out.splitlines()[5]
    assert line.startswith(grade)
    assert words in line
    lives()


@pytest.mark.usefixtures("here")
def test_check_names_refused_credentials_and_missing_ones(
    lives: Callable[..., None], aws: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lives()
    aws.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    assert run_check([]) == 1
    assert "AWS refuses the credentials. Renew them" in capsys.readouterr().out
    aws.delenv("AWS_SECRET_ACCESS_KEY")
    aws.delenv("AWS_ACCESS_KEY_ID")
    assert run_check([]) == 1
    assert "There are no AWS credentials" in capsys.readouterr().err


@pytest.mark.usefixtures("here")
def test_check_says_when_aws_cannot_be_reached(aws: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    aws.setenv("AWS_ENDPOINT_URL_BEDROCK", "http://127.0.0.1:9")
    assert run_check([]) == 1
    assert capsys.readouterr().out.count("AWS does not answer.") == 5


def test_check_as_a_process_ends_with_its_answer(run: CommandRunner, lives: Callable[..., None]) -> None:
    lives()
    ended = run("check")
    assert ended.returncode == 0
    assert SD35.encode() in ended.stdout


# the words in a picture


EXPECTED_PARAMETERS = {
    "Steps: 40, CFG scale: 0, Style preset: anime, Clip guidance: NONE, Aspect ratio: 1:1, Seed: 9, Model: SDXL 1.0": (
        {"model": "sdxl", "has_picture": False, "steps": 40, "style_preset": "anime", "cfg_scale": 0}
    ),
    "Steps: 30, CFG scale: 7, Clip guidance: NONE, Seed: 9, Model: SDXL 1.0, Denoising strength: 0.8": (
        {"model": "sdxl", "has_picture": True, "keep": 20}
    ),
    "Steps: 30, CFG scale: 7, Clip guidance: NONE, Step schedule start: 0.65, Seed: 9, Model: SDXL 1.0": (
        {"model": "sdxl", "has_picture": True, "init_image_mode": "STEP_SCHEDULE"}
    ),
    "Aspect ratio: 4:5, Seed: 9, Model: SD 3.5 Large": (
        {"model": "sd3.5-large", "has_picture": False, "aspect_ratio": "4:5"}
    ),
    "Creativity: 0.35, Seed: 9, Model: Conservative Upscale": ({"model": "conservative-upscale", "has_picture": True}),
}


@pytest.mark.parametrize("last", EXPECTED_PARAMETERS)
def test_the_words_name_what_was_in_force_and_nothing_else(last: str, catalogue: Catalogue) -> None:
    asked: dict[str, Any] = EXPECTED_PARAMETERS[last]
    request = build_request(catalogue, prompt="fog", negative="crowds", **asked)
    model = catalogue.models[request.model]
    told = build_png_text(request, model, 9, "123")
    assert told["parameters"] == f"fog\nNegative prompt: crowds\n{last}"
    whole = json.loads(told["pentimento"])
    assert (whole["seed"], whole["job"], whole["model"]) == (9, "123", model.id)
    assert type(request).model_validate(whole["request"]) == request


def test_the_words_of_a_model_without_prompt_and_seed_name_neither(catalogue: Catalogue) -> None:
    request = build_request(catalogue, model="fast-upscale", has_picture=True)
    told = build_png_text(request, catalogue.models["fast-upscale"], None, "123")
    assert told["parameters"] == "\nModel: Fast Upscale"
    assert json.loads(told["pentimento"])["seed"] is None


def test_only_a_png_is_given_words_and_odd_letters_do_no_harm() -> None:
    catalogue = load_catalogue()
    request = build_request(catalogue, prompt="a\0b \N{DUCK}", has_picture=False)
    model = catalogue.models[request.model]
    assert embed_metadata(b"\xff\xd8\xff jpeg", request, model, 9) == b"\xff\xd8\xff jpeg"
    written = io.BytesIO()
    Image.new("RGB", (64, 64)).save(written, "PNG")
    with Image.open(io.BytesIO(embed_metadata(written.getvalue(), request, model, 9))) as made:
        assert made.info["parameters"].startswith("a?b \N{DUCK}\n")
