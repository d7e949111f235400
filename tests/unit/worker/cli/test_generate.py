"""`python -m worker generate`, as a person at a terminal runs it."""

import io
import json
import os
from pathlib import Path

import pytest
from PIL import Image

from shared.request.model import OPTION_NAMES
from tests.unit.worker.cli.conftest import CommandRunner
from tests.unit.worker.conftest import BedrockStandIn
from worker.cli.generate import run_generate


def test_a_picture_is_generated_from_a_picture_with_its_parameters_embedded(
    run_command: CommandRunner, image_file: Path, bedrock: BedrockStandIn
) -> None:
    out = image_file.with_name("out.png")
    options = ["--model", "sdxl", "--seed", "5", "--keep", "50", "--negative", "crowds"]
    process = run_command("generate", "--image", image_file, *options, "--out", out, "a castle::1.2")
    assert (process.returncode, process.stderr) == (0, b"")
    lines = dict(line.split(maxsplit=1) for line in process.stdout.decode().splitlines())
    assert lines.pop("seconds")
    assert lines == {
        "seed": "5",
        "outcome": "generated",
        "model": "stability.stable-diffusion-xl-v1",
        "type": "image/png",
        "size": "1152x896",
        "file": str(out),
    }
    with Image.open(out) as image:
        assert image.size == (1152, 896)
        text = image.info
    assert text["parameters"].startswith("(a castle:1.2)\nNegative prompt: crowds\n")
    assert json.loads(text["pentimento"])["seed"] == 5
    (call,) = bedrock.list_calls()
    assert call["body"]["image_strength"] == 0.5
    assert [prompt["text"] for prompt in call["body"]["text_prompts"]] == ["a castle", "crowds"]
    assert sorted(path.name for path in image_file.parent.iterdir()) == ["in.png", "out.png"]


def test_an_upscale_warns_of_an_extension_that_does_not_match(
    run_command: CommandRunner, image_file: Path, bedrock: BedrockStandIn
) -> None:
    process = run_command("generate", "--model", "fast-upscale", "--image", image_file, "--out", "big.png")
    assert process.returncode == 0
    lines = dict(line.split(maxsplit=1) for line in process.stdout.decode().splitlines())
    assert (lines["size"], lines["type"], "seed" in lines) == ("1280x960", "image/jpeg", False)
    assert process.stderr.decode().startswith("“big.png” holds image/jpeg.")
    with Image.open(image_file.with_name("big.png")) as image:
        assert (image.format, image.size) == ("JPEG", (1280, 960))
    (call,) = bedrock.list_calls()
    assert (call["body"]["image"]["width"], call["body"]["image"]["height"]) == (320, 240)


def test_an_upscale_to_png_has_its_parameters_embedded(
    working_directory: Path, image_file: Path, bedrock: BedrockStandIn
) -> None:
    options = ["--model", "conservative-upscale", "--creativity", "0.2", "--seed", "5", "--output-format", "png"]
    assert (
        run_generate([*options, "--image", str(image_file), "--out", str(working_directory / "big.png"), "a castle"])
        == 0
    )
    with Image.open(working_directory / "big.png") as image:
        assert (image.format, image.size) == ("PNG", (2539, 1904))
        assert image.info["parameters"] == "a castle\nCreativity: 0.2, Seed: 5, Model: Conservative Upscale"
    assert len(bedrock.list_calls()) == 1


def save_picture(file: Path, picture: Image.Image) -> str:
    picture.save(file)
    return str(file)


@pytest.mark.parametrize("kind", ["file", "alpha"])
def test_an_edit_takes_a_mask_and_gives_back_the_sources_own_size(
    working_directory: Path, bedrock: BedrockStandIn, kind: str
) -> None:
    source = Image.new("RGBA", (400, 300), "teal")
    mask = Image.new("L", (40, 30))
    mask.paste(255, (0, 0, 20, 30))
    if kind == "alpha":
        source.putalpha(mask.resize(source.size).point([255 - level for level in range(256)]))
    image = save_picture(working_directory / "in.png", source)
    given = save_picture(working_directory / "mask.png", mask) if kind == "file" else "alpha"
    out = working_directory / "out.png"

    code = run_generate(
        ["--model", "erase-object", "--image", image, "--mask", given, "--seed", "5", "--out", str(out)]
    )

    assert code == 0
    with Image.open(out) as edited:
        assert edited.size == (400, 300)
        assert edited.info["parameters"] == "\nGrow mask: 5, Seed: 5, Model: Erase Object"
    (call,) = bedrock.list_calls()
    assert (call["body"]["mask"]["format"], call["body"]["mask"]["width"]) == ("PNG", 400)


def test_a_style_transfer_takes_a_second_picture_and_every_option_has_an_argument(
    working_directory: Path, image_file: Path, bedrock: BedrockStandIn
) -> None:
    style = save_picture(working_directory / "style.png", Image.new("RGB", (100, 900), "gold"))
    options = ["--composition-fidelity", "0.8", "--style-strength", "0,5", "--change-strength", "1"]
    arguments = ["--model", "style-transfer", "--image", str(image_file), "--style-image", style, *options]

    assert run_generate([*arguments, "--out", str(working_directory / "out.png")]) == 0

    (call,) = bedrock.list_calls()
    body = call["body"]
    assert (body["composition_fidelity"], body["style_strength"], body["change_strength"]) == (0.8, 0.5, 1)
    assert (body["style_image"]["width"], body["style_image"]["height"]) == (100, 250)


def test_a_style_guide_takes_the_picture_of_the_style_and_words(
    working_directory: Path, image_file: Path, bedrock: BedrockStandIn
) -> None:
    arguments = ["--model", "style-guide", "--image", str(image_file), "--fidelity", "0.9", "--aspect-ratio", "16:9"]

    assert run_generate([*arguments, "--out", str(working_directory / "out.png"), "a lake"]) == 0

    (call,) = bedrock.list_calls()
    assert (call["body"]["prompt"], call["body"]["fidelity"], call["body"]["aspect_ratio"]) == ("a lake", 0.9, "16:9")
    assert call["body"]["image"]["format"] == "JPEG"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "erase-object"], "Add a mask"),
        (["--model", "erase-object", "--mask", "alpha"], "has no transparent part"),
        (["--model", "inpaint", "--mask", "black.png", "boat"], "marks nothing"),
        (["--model", "inpaint", "--mask", "missing.png", "boat"], "“missing.png” cannot be read"),
        (["--model", "style-transfer"], "needs a picture in the style"),
        (["--model", "outpaint"], "where to widen the picture"),
        (["--model", "outpaint", "--left", "2001"], "0 to 2000"),
        (["--model", "search-recolor", "green"], "needs “select_prompt”"),
        (["--model", "remove-background", "--output-format", "jpeg"], "Choose one of these: png, webp"),
    ],
)
def test_what_an_edit_lacks_is_told_before_anything_is_sent(
    working_directory: Path,
    image_file: Path,
    bedrock: BedrockStandIn,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    save_picture(working_directory / "black.png", Image.new("L", (20, 20)))
    assert run_generate([*arguments, "--image", str(image_file), "--out", str(working_directory / "out.png")]) == 2
    assert words in capsys.readouterr().err
    assert bedrock.list_calls() == []


def test_a_picture_that_would_become_too_large_is_refused_before_it_is_paid_for(
    working_directory: Path, bedrock: BedrockStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    image = save_picture(working_directory / "in.png", Image.new("L", (3000, 3000)))
    sides = ["--left", "2000", "--up", "1000"]
    assert run_generate(["--model", "outpaint", "--image", image, *sides, "--out", "out.png"]) == 2
    assert "would have 5000 × 4000 pixels" in capsys.readouterr().err
    assert bedrock.list_calls() == []


def test_pictures_may_come_from_standard_input_and_go_to_standard_output(
    run_command: CommandRunner, image_file: Path
) -> None:
    process = run_command("generate", "--image", "-", "--out", "-", "--json", "a castle", stdin=image_file.read_bytes())
    assert process.returncode == 0
    with Image.open(io.BytesIO(process.stdout)) as image:
        assert image.format == "PNG"
    assert json.loads(process.stderr)["outcome"] == "generated"


def test_a_filtered_picture_leaves_an_existing_file_as_it_is(run_command: CommandRunner, image_file: Path) -> None:
    out = image_file.with_name("out.png")
    out.write_bytes(b"before")
    process = run_command("generate", "--image", image_file, "--out", out, "a secret castle [filtered]")
    assert process.returncode == 3
    assert b"outcome  filtered" in process.stdout
    assert b"The picture was withheld." in process.stderr
    assert b"secret" not in process.stdout + process.stderr
    assert out.read_bytes() == b"before"
    assert sorted(path.name for path in image_file.parent.iterdir()) == ["in.png", "out.png"]


def test_a_failure_is_reported_with_bedrocks_message(run_command: CommandRunner, tmp_path: Path) -> None:
    process = run_command("generate", "--json", "--out", tmp_path / "out.png", "a castle [throttle]")
    assert process.returncode == 1
    assert json.loads(process.stdout)["code"] == "busy"
    assert "was busy for too long" in process.stderr.decode()
    assert "Too many requests" in process.stderr.decode()
    assert list(tmp_path.iterdir()) == []


def test_all_problems_are_reported_before_anything_is_sent(
    run_command: CommandRunner, tmp_path: Path, bedrock: BedrockStandIn
) -> None:
    invalid = ["--steps", "30.5", "--cfg-scale", "x", "--fit", "y", "--extras", "[", "--sampler", "K_LMS"]
    process = run_command("generate", "--image", "none.png", *invalid, "--out", tmp_path / "no" / "out.png", "a | |")
    assert process.returncode == 2
    assert process.stdout == b""
    reported = [
        "out.png”",
        "“steps”",
        "“cfg_scale”",
        "“fit”",
        "“extras”",
        "none.png",
        "Part 2",
        "“sampler” doesn't work with",
    ]
    stderr = process.stderr.decode().splitlines()
    assert len(stderr) >= len(reported)
    for words in reported:
        assert any(words in line for line in stderr), words
    assert bedrock.list_calls() == []


@pytest.mark.parametrize("name", OPTION_NAMES)
def test_every_option_of_a_request_is_an_argument(
    name: str, working_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An invalid value is reported by the name of its option."""
    assert (
        run_generate([f"--{name.replace('_', '-')}", "|", "--out", str(working_directory / "o.png"), "--json", "fog"])
        == 2
    )
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert any(f"“{name}”" in problem for problem in problems)


@pytest.mark.usefixtures("working_directory")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--image", "text.png"], "isn't a picture I can read"),
        (["--image", "cut.png"], "That picture"),
        (["--model", "nothing"], "no model called “nothing”"),
        (["--catalogue", "none.toml"], "CATALOGUE_FILE is wrong: there is no such file"),
        (["--catalogue", "text.png"], "CATALOGUE_FILE is wrong"),
        (["--keep", "50"], "“keep” needs a picture to work on"),
        (["--keep", "inf"], "That is no number"),
        (["--image", "in.png", "--keep", "\u22121,5 %"], "“keep” can't be -1.5"),
        (["--model", "sdxl", "--steps", "1,5"], "“steps” is “1,5”. That is no whole number"),
        (["--negative", "fog", "--seed", "\u22121"], "“seed” can't be -1"),
        (["--model", "sdxl", "--extras", '{"a": 1e999}'], "1e999 is not JSON"),
        (["--out", "folder"], "is not a regular file"),
        (["--model", "stable-image-core", "--output-format", "webp"], "Choose one of these: png, jpeg"),
        (
            ["--model", "conservative-upscale", "--image", "large.png", "--output-format", "png"],
            "Amazon Bedrock returns at most 12 MB. Choose another format: jpeg, webp.",
        ),
        (["--model", "fast-upscale", "--image", "in.png"], "“prompt” doesn't work with Fast Upscale"),
        (["--model", "conservative-upscale", "--image", "wide.png"], "at most 2.5 times its short side"),
        (
            ["--model", "conservative-upscale", "--image", "wide.png", "--fit", "crop"],
            "keeps your picture's shape",
        ),
    ],
)
def test_invalid_input_is_reported_with_exit_code_2(
    arguments: list[str], message: str, image_file: Path, bedrock: BedrockStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = image_file.parent
    (folder / "text.png").write_text("[words", encoding="utf-8")
    (folder / "cut.png").write_bytes(image_file.read_bytes()[:200])
    (folder / "folder").mkdir()
    Image.new("RGB", (400, 100)).save(folder / "wide.png")
    Image.new("RGB", (1024, 1024)).save(folder / "large.png")
    out = [] if "--out" in arguments else ["--out", "out.png"]
    assert run_generate([*out, *arguments, "a castle"]) == 2
    assert message in capsys.readouterr().err
    assert not (folder / "out.png").exists()
    assert bedrock.list_calls() == []


def test_a_prompt_that_is_not_utf8_is_rejected(working_directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_generate(["--out", str(working_directory / "out.png"), os.fsdecode(b"caf\xe9")]) == 2
    assert "not UTF-8" in capsys.readouterr().err


def test_an_operators_catalogue_is_used(working_directory: Path, bedrock: BedrockStandIn) -> None:
    (working_directory / "mine.toml").write_text('default = "stable-image-core"', encoding="utf-8")
    assert run_generate(["--catalogue", "mine.toml", "--out", "out.jpg", "--output-format", "jpeg", "a castle"]) == 0
    assert [call["model"] for call in bedrock.list_calls()] == ["stability.stable-image-core-v1:1"]
    with Image.open("out.jpg") as image:
        assert image.format == "JPEG"


def test_refused_credentials_are_reported_with_the_reason(
    working_directory: Path, aws: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    assert run_generate(["--out", str(working_directory / "out.png"), "a castle"]) == 1
    stderr = capsys.readouterr().err
    assert "rejected this bot's AWS credentials" in stderr
    assert "does not match the signature you provided" in stderr
    assert "AKIA" not in stderr


@pytest.mark.parametrize(
    ("answer", "source", "exit_code", "facts", "calls"),
    [
        ("intervene", "INPUT", 3, {"outcome": "filtered", "part": "input picture"}, 0),
        ("access-denied", "OUTPUT", 1, {"outcome": "failed", "code": "result_unchecked"}, 1),
    ],
)
def test_a_guardrail_checks_what_the_command_generates(
    answer: str,
    source: str,
    exit_code: int,
    facts: dict[str, str],
    calls: int,
    working_directory: Path,
    image_file: Path,
    bedrock: BedrockStandIn,
    aws: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    aws.setenv("GUARDRAIL_ID", "demoguardrail")
    aws.setenv("GUARDRAIL_VERSION", "1")
    bedrock.call_control("DELETE", "/control/guardrail")
    bedrock.call_control("POST", "/control/guardrail", {"answer": answer, "source": source})
    out = working_directory / "out.png"

    arguments = ["--image", str(image_file), "--model", "sd3.5-large", "--out", str(out), "--json", "a castle"]
    assert run_generate(arguments) == exit_code

    report = json.loads(capsys.readouterr().out)
    assert {name: report.get(name) for name in facts} == facts
    assert len(bedrock.list_calls()) == calls
    assert not out.exists()
