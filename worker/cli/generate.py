"""The worker's commands for a person at a terminal: `generate` one picture, `check` the AWS account."""

import argparse
import json
import logging
import os
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from pydantic import ValidationError

from shared.catalogue import Catalogue, Model, load_catalogue
from shared.errors import PentimentoError
from shared.imaging.metadata import ImageType
from shared.outcome import FilteredPart
from shared.problems import RejectedError
from shared.request.builder import build_request, pick_seed
from shared.request.extras import parse_extras
from shared.request.model import Fit, Request
from worker.bedrock.check import Severity, check_model, find_credentials_source
from worker.bedrock.client import BedrockImageClient
from worker.bedrock.errors import CALL_ERRORS
from worker.imaging import DEFAULT_LIMITS, ImageRejectedError, prepare_image
from worker.png_metadata import embed_metadata
from worker.ports import BedrockCallError, FilteredResult, GeneratedImage
from worker.prepare import make_picture_problem
from worker.settings import Settings

EXIT_OK, EXIT_FAILED, EXIT_BAD_INPUT, EXIT_FILTERED = 0, 1, 2, 3

_REQUEST_OPTIONS: Final[Mapping[str, tuple[Callable[[str], Any], str]]] = {
    "keep": (float, "percent of the picture to keep"),
    "seed": (int, "0 draws one"),
    "style_preset": (str, "such as anime"),
    "steps": (int, "diffusion steps"),
    "sampler": (str, "such as K_EULER; the model chooses where it is left out"),
    "cfg_scale": (float, "how strictly the prompt is followed"),
    "clip_guidance_preset": (str, "such as FAST_BLUE"),
    "init_image_mode": (str, "IMAGE_STRENGTH or STEP_SCHEDULE"),
    "step_schedule_start": (float, "0 to 1, with STEP_SCHEDULE"),
    "step_schedule_end": (float, "0 to 1, with STEP_SCHEDULE"),
    "samples": (int, "pictures a call"),
    "fit": (Fit, "crop, pad or stretch"),
    "aspect_ratio": (str, "such as 16:9, without a picture"),
    "creativity": (float, "how much an upscale may invent"),
    "output_format": (str, "png, jpeg or webp"),
    "extras": (parse_extras, "a JSON object of the model's experiments"),
}
_CONVERSION_ERRORS: Final[Mapping[Callable[[str], Any], str]] = {
    float: "no number. Write one with plain digits.",
    int: "no whole number. Write one with plain digits.",
    Fit: f"no way to fit a picture. Choose one of: {', '.join(Fit)}.",
}
_FILTER_ADVICE: Final[Mapping[FilteredPart, str]] = {
    FilteredPart.PROMPT: "The filter objected to the prompt. Say it in other words; negative prompts count, too.",
    FilteredPart.INPUT: "The filter objected to the picture you gave. Take another one.",
    FilteredPart.OUTPUT: "The filter objected to the picture it made. Change the prompt or take another seed.",
}


class UsageError(PentimentoError):
    """Input that cannot be used, with a sentence for each thing that is wrong."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(*sentences)
        self.sentences = sentences


def run_generate(argv: Sequence[str]) -> int:
    """Make one picture as the worker does, without Discord and Redis; answer the exit code.

    0: made; 1: failed; 2: wrong input, all of it named; 3: withheld by the content filter.
    """
    arguments = _build_generate_parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    report = sys.stderr if arguments.out == "-" else sys.stdout
    try:
        code, facts, words = _generate_picture(arguments)
    except UsageError as wrong:
        code, facts, words = EXIT_BAD_INPUT, {"outcome": "refused", "problems": wrong.sentences}, wrong.sentences
    if arguments.json:
        print(json.dumps(facts), file=report)
    elif code != EXIT_BAD_INPUT:
        lines = (f"{name:<8} {value}" for name, value in facts.items() if value is not None)
        print(*lines, sep="\n", file=report)
    for sentence in words:
        print(sentence, file=sys.stderr)
    return code


def run_check(argv: Sequence[str]) -> int:
    """Say whether credentials, region and each offered model are in order; answer the exit code.

    0: they are; 1: they are not, with what to do; 2: the settings cannot be read.
    """
    arguments = _build_parser("check", run_check).parse_args(argv)
    try:
        settings, catalogue = _load_settings(arguments)
    except UsageError as wrong:
        print(*wrong.sentences, sep="\n", file=sys.stderr)
        return EXIT_BAD_INPUT
    region = arguments.region or settings.aws_region
    try:
        source = find_credentials_source()
    except CALL_ERRORS as error:
        source, reason = None, f"{type(error).__name__}: {error}"
    else:
        reason = "none of the places that boto3 looks into holds any"
    print(f"region       {region}\ncredentials  {source or 'none'}")
    if source is None:
        print(
            f"There are no AWS credentials: {reason}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
            "AWS_BEARER_TOKEN_BEDROCK, or give the machine a role.",
            file=sys.stderr,
        )
        return EXIT_FAILED
    today = datetime.now(UTC).date()
    models = (*catalogue.generation_models, *catalogue.upscale_models)
    findings = [check_model(model, region, today) for model in models]
    widths = [max(len(text) for text in column) for column in zip(*map(_get_name_columns, models), strict=True)]
    for finding in findings:
        name, model_id = (
            text.ljust(width) for text, width in zip(_get_name_columns(finding.model), widths, strict=True)
        )
        print(f"{finding.severity:<8} {name}  {model_id}  {finding.region}  {finding.message}".rstrip())
    return EXIT_FAILED if any(finding.severity is Severity.ERROR for finding in findings) else 0


def _get_name_columns(model: Model) -> tuple[str, str]:
    return model.name, model.id


def _build_parser(command: str, main: Callable[..., int]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(f"python -m worker {command}", description=main.__doc__, allow_abbrev=False)
    parser.add_argument("--region", help="instead of AWS_REGION")
    parser.add_argument("--catalogue", type=Path, metavar="FILE", help="instead of CATALOGUE_FILE")
    return parser


def _build_generate_parser() -> argparse.ArgumentParser:
    parser = _build_parser("generate", run_generate)
    parser.add_argument(
        "prompt", nargs="?", help="such as “castle in fog::1.2 | crowds::-0.8”; none for a model that reads none"
    )
    parser.add_argument(
        "--image", metavar="FILE", help="the picture to start from, - for standard input; none: from words alone"
    )
    parser.add_argument(
        "--out", metavar="FILE", required=True, help="where the new picture goes, - for standard output"
    )
    parser.add_argument("--model", help="key, id or name of a model of the catalogue")
    parser.add_argument("--negative", metavar="TEXT", help="what to avoid")
    for name, (_, words) in _REQUEST_OPTIONS.items():
        parser.add_argument("--" + name.replace("_", "-"), metavar="VALUE", help=words)
    parser.add_argument("--json", action="store_true", help="report as one JSON object")
    return parser


def _load_settings(arguments: argparse.Namespace) -> tuple[Settings, Catalogue]:
    try:
        settings = Settings()
        if arguments.catalogue:
            return settings, load_catalogue(arguments.catalogue.read_text(encoding="utf-8"))
        return settings, settings.read_catalogue()
    except (OSError, ValidationError, ValueError) as error:
        raise UsageError(
            f"The settings cannot be used. {error} Mend the environment, .env or the catalogue."
        ) from error


def _generate_picture(arguments: argparse.Namespace) -> tuple[int, dict[str, Any], Sequence[str]]:
    settings, catalogue = _load_settings(arguments)
    request, model, picture = _read_request(arguments, catalogue)
    studio = BedrockImageClient(
        region=arguments.region or settings.aws_region,
        call_seconds=settings.bedrock_call_seconds,
        concurrency=1,
        streaming=settings.bedrock_streaming,
    )
    seed = pick_seed(request, model, random.SystemRandom())
    facts: dict[str, Any] = {"seed": seed, "outcome": "failed", "model": model.id}
    with _OutputFile(arguments.out) as destination:
        try:
            answer = studio.generate(request, model, picture, seed)
        except BedrockCallError as trouble:
            return EXIT_FAILED, facts | {"code": trouble.problem.code}, _format_error(trouble)
        if isinstance(answer, FilteredResult):
            facts |= {"outcome": "filtered", "side": answer.part, "seconds": round(answer.duration_seconds, 2)}
            return EXIT_FILTERED, facts, [f"The picture is withheld. {_FILTER_ADVICE[answer.part]}"]
        destination.write(embed_metadata(answer.data, request, model, answer.seed))
    return EXIT_OK, facts | _describe_result(answer, arguments.out), _check_extension(answer, arguments.out)


def _format_error(error: BedrockCallError) -> list[str]:
    """The sentence, and what Bedrock said where the sentence leaves it out."""
    sentence, detail = error.problem.format_message(), str(error.problem.facts.get("detail", ""))
    return [sentence, *([f"It said: {detail}"] if detail and detail not in sentence else [])]


def _describe_result(result: GeneratedImage, out: str) -> dict[str, Any]:
    size = f"{result.width}x{result.height}"
    made = {"seed": result.seed, "outcome": "generated", "type": result.media_type, "size": size}
    return made | {"seconds": round(result.duration_seconds, 2), "file": out}


def _check_extension(result: GeneratedImage, out: str) -> list[str]:
    """Say it where the file's name promises another type than the model gives unless it is asked for one."""
    promised = Path(out).suffix[1:].lower().replace("jpg", "jpeg")
    if promised not in set(ImageType) or result.media_type == ImageType(promised).media_type:
        return []
    said = f"“{out}” holds {result.media_type}. The model gives that where nothing else is asked for."
    return [f"{said} Give --output-format {promised}, or rename it."]


def _read_request(arguments: argparse.Namespace, catalogue: Catalogue) -> tuple[Request, Model, bytes | None]:
    """Read and validate everything before anything is paid for. Raises `_Wrong` with all that is found."""
    wrong = _validate_out(arguments.out)
    given = _parse_options(arguments, wrong)
    model = catalogue.find_model(arguments.model) if arguments.model else catalogue.models[catalogue.default]
    picture = _prepare_picture(arguments.image, given["fit"] or Fit.CROP, model, wrong) if arguments.image else None
    texts = {"prompt": arguments.prompt, "negative": arguments.negative, "model": arguments.model}
    if any("\udc80" <= letter <= "\udcff" for text in texts.values() for letter in text or ""):
        raise UsageError(*wrong, "The prompt is not UTF-8. The model reads nothing else. Set your terminal to UTF-8.")
    try:
        request = build_request(catalogue, **texts, has_picture=arguments.image is not None, **given)
    except RejectedError as refused:
        raise UsageError(*wrong, *(p.format_message() for p in refused.problems)) from refused
    if wrong:
        raise UsageError(*wrong)
    return request, catalogue.models[request.model], picture


def _parse_options(arguments: argparse.Namespace, problems: list[str]) -> dict[str, Any]:
    given: dict[str, Any] = dict.fromkeys(_REQUEST_OPTIONS)
    for name, (kind, _) in _REQUEST_OPTIONS.items():
        written = getattr(arguments, name)
        try:
            given[name] = written if written is None else kind(written)
        except RejectedError as refused:
            problems += [p.format_message() for p in refused.problems]
        except ValueError:
            problems.append(f"“{name}” is “{written}”. That is {_CONVERSION_ERRORS[kind]}")
    return given


def _prepare_picture(image: str, fit: Fit, model: Model | None, problems: list[str]) -> bytes | None:
    """Read the picture and make it fit for the model; None for a model that reads none, which `compose` says better."""
    try:
        source = _read_file(image)
        return prepare_image(source, model.accepted_sizes, fit).data if model and model.accepted_sizes else None
    except OSError as error:
        problems.append(f"“{image}” cannot be read. {error.strerror}. Give the path of a picture.")
    except ImageRejectedError as refused:
        problems.append(make_picture_problem(refused).format_message())
    return None


def _read_file(image: str) -> bytes:
    most = DEFAULT_LIMITS.max_bytes + 1
    if image == "-":
        return sys.stdin.buffer.read(most)
    with Path(image).open("rb") as file:
        return file.read(most)


def _validate_out(out: str) -> list[str]:
    path = Path(out)
    if out == "-":
        return []
    if path.exists() and not path.is_file():
        return [f"“{out}” is no file. A picture cannot replace it. Give another path."]
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return [f"“{out}” cannot be written. Its folder is missing or not yours. Give a path in a folder of yours."]
    return []


class _OutputFile:
    """Where the picture goes, all of it or nothing: a file beside, made before the call and renamed after it."""

    def __init__(self, out: str) -> None:
        self._out = None if out == "-" else Path(out)
        self._partial: Path | None = None

    def __enter__(self) -> Self:
        if self._out is None:
            return self
        self._partial = self._out.with_name(f".{self._out.name}.part")
        self._partial.touch()
        return self

    def write(self, data: bytes) -> None:
        if self._out is None or self._partial is None:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        else:
            self._partial.write_bytes(data)
            self._partial.replace(self._out)

    def __exit__(self, *_: object) -> None:
        if self._partial is not None:
            with suppress(FileNotFoundError):
                self._partial.unlink()
