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
from shared.errors import Refused
from shared.outcome import Side
from shared.pictures import PictureType
from shared.request import Fit, Request, compose, draw_seed, parse_extras
from worker.bedrock.check import Grade, credentials, look_at
from worker.bedrock.client import BedrockStudio
from worker.bedrock.errors import FAILURES
from worker.imaging import DEFAULT_LIMITS, PictureRefused, prepare
from worker.parameters import with_parameters
from worker.ports import Picture, Trouble, Withheld
from worker.prepare import picture_problem
from worker.settings import Settings

GENERATED, FAILED, BAD_INPUT, FILTERED = 0, 1, 2, 3

_OPTIONS: Final[Mapping[str, tuple[Callable[[str], Any], str]]] = {
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
_KINDS: Final[Mapping[Callable[[str], Any], str]] = {
    float: "no number. Write one with plain digits.",
    int: "no whole number. Write one with plain digits.",
    Fit: f"no way to fit a picture. Choose one of: {', '.join(Fit)}.",
}
_FILTERED: Final[Mapping[Side, str]] = {
    Side.PROMPT: "The filter objected to the prompt. Say it in other words; negative prompts count, too.",
    Side.INPUT: "The filter objected to the picture you gave. Take another one.",
    Side.OUTPUT: "The filter objected to the picture it made. Change the prompt or take another seed.",
}


class _Wrong(Exception):
    """Input that cannot be used, with a sentence for each thing that is wrong."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(*sentences)
        self.sentences = sentences


def main_generate(argv: Sequence[str]) -> int:
    """Make one picture as the worker does, without Discord and Redis; answer the exit code.

    0: made; 1: failed; 2: wrong input, all of it named; 3: withheld by the content filter.
    """
    arguments = _generate_parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    report = sys.stderr if arguments.out == "-" else sys.stdout
    try:
        code, facts, words = _generate(arguments)
    except _Wrong as wrong:
        code, facts, words = BAD_INPUT, {"outcome": "refused", "problems": wrong.sentences}, wrong.sentences
    if arguments.json:
        print(json.dumps(facts), file=report)
    elif code != BAD_INPUT:
        lines = (f"{name:<8} {value}" for name, value in facts.items() if value is not None)
        print(*lines, sep="\n", file=report)
    for sentence in words:
        print(sentence, file=sys.stderr)
    return code


def main_check(argv: Sequence[str]) -> int:
    """Say whether credentials, region and each offered model are in order; answer the exit code.

    0: they are; 1: they are not, with what to do; 2: the settings cannot be read.
    """
    arguments = _parser("check", main_check).parse_args(argv)
    try:
        settings, catalogue = _settings(arguments)
    except _Wrong as wrong:
        print(*wrong.sentences, sep="\n", file=sys.stderr)
        return BAD_INPUT
    region = arguments.region or settings.aws_region
    try:
        source = credentials()
    except FAILURES as error:
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
        return FAILED
    today = datetime.now(UTC).date()
    models = (*catalogue.offered, *catalogue.upscalers)
    findings = [look_at(model, region, today) for model in models]
    widths = [max(len(text) for text in column) for column in zip(*map(_columns, models), strict=True)]
    for finding in findings:
        name, model_id = (text.ljust(width) for text, width in zip(_columns(finding.model), widths, strict=True))
        print(f"{finding.grade:<8} {name}  {model_id}  {finding.region}  {finding.words}".rstrip())
    return FAILED if any(finding.grade is Grade.BROKEN for finding in findings) else 0


def _columns(model: Model) -> tuple[str, str]:
    return model.name, model.id


def _parser(command: str, main: Callable[..., int]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(f"python -m worker {command}", description=main.__doc__, allow_abbrev=False)
    parser.add_argument("--region", help="instead of AWS_REGION")
    parser.add_argument("--catalogue", type=Path, metavar="FILE", help="instead of CATALOGUE_FILE")
    return parser


def _generate_parser() -> argparse.ArgumentParser:
    parser = _parser("generate", main_generate)
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
    for name, (_, words) in _OPTIONS.items():
        parser.add_argument("--" + name.replace("_", "-"), metavar="VALUE", help=words)
    parser.add_argument("--json", action="store_true", help="report as one JSON object")
    return parser


def _settings(arguments: argparse.Namespace) -> tuple[Settings, Catalogue]:
    try:
        settings = Settings()
        if arguments.catalogue:
            return settings, load_catalogue(arguments.catalogue.read_text(encoding="utf-8"))
        return settings, settings.catalogue()
    except (OSError, ValidationError, ValueError) as error:
        raise _Wrong(f"The settings cannot be used. {error} Mend the environment, .env or the catalogue.") from error


def _generate(arguments: argparse.Namespace) -> tuple[int, dict[str, Any], Sequence[str]]:
    settings, catalogue = _settings(arguments)
    request, model, picture = _asked(arguments, catalogue)
    studio = BedrockStudio(
        region=arguments.region or settings.aws_region,
        call_seconds=settings.bedrock_call_seconds,
        concurrency=1,
        streaming=settings.bedrock_streaming,
    )
    seed = draw_seed(request, model, random.SystemRandom())
    facts: dict[str, Any] = {"seed": seed, "outcome": "failed", "model": model.id}
    with _Destination(arguments.out) as destination:
        try:
            answer = studio.generate(request, model, picture, seed)
        except Trouble as trouble:
            return FAILED, facts | {"code": trouble.problem.code}, _words(trouble)
        if isinstance(answer, Withheld):
            facts |= {"outcome": "filtered", "side": answer.side, "seconds": round(answer.seconds, 2)}
            return FILTERED, facts, [f"The picture is withheld. {_FILTERED[answer.side]}"]
        destination.write(with_parameters(answer.data, request, model, answer.seed))
    return GENERATED, facts | _made(answer, arguments.out), _misnamed(answer, arguments.out)


def _words(trouble: Trouble) -> list[str]:
    """The sentence, and what Bedrock said where the sentence leaves it out."""
    sentence, detail = trouble.problem.sentence(), str(trouble.problem.facts.get("detail", ""))
    return [sentence, *([f"It said: {detail}"] if detail and detail not in sentence else [])]


def _made(answer: Picture, out: str) -> dict[str, Any]:
    size = f"{answer.width}x{answer.height}"
    made = {"seed": answer.seed, "outcome": "generated", "type": answer.media_type, "size": size}
    return made | {"seconds": round(answer.seconds, 2), "file": out}


def _misnamed(answer: Picture, out: str) -> list[str]:
    """Say it where the file's name promises another type than the model gives unless it is asked for one."""
    promised = Path(out).suffix[1:].lower().replace("jpg", "jpeg")
    if promised not in set(PictureType) or answer.media_type == PictureType(promised).media_type:
        return []
    said = f"“{out}” holds {answer.media_type}. The model gives that where nothing else is asked for."
    return [f"{said} Give --output-format {promised}, or rename it."]


def _asked(arguments: argparse.Namespace, catalogue: Catalogue) -> tuple[Request, Model, bytes | None]:
    """Read and validate everything before anything is paid for. Raises `_Wrong` with all that is found."""
    wrong = _out_problems(arguments.out)
    given = _options(arguments, wrong)
    model = catalogue.find(arguments.model) if arguments.model else catalogue.models[catalogue.default]
    picture = _prepared(arguments.image, given["fit"] or Fit.CROP, model, wrong) if arguments.image else None
    texts = {"prompt": arguments.prompt, "negative": arguments.negative, "model": arguments.model}
    if any("\udc80" <= letter <= "\udcff" for text in texts.values() for letter in text or ""):
        raise _Wrong(*wrong, "The prompt is not UTF-8. The model reads nothing else. Set your terminal to UTF-8.")
    try:
        request = compose(catalogue, **texts, has_picture=arguments.image is not None, **given)
    except Refused as refused:
        raise _Wrong(*wrong, *(p.sentence() for p in refused.problems)) from refused
    if wrong:
        raise _Wrong(*wrong)
    return request, catalogue.models[request.model], picture


def _options(arguments: argparse.Namespace, wrong: list[str]) -> dict[str, Any]:
    given: dict[str, Any] = dict.fromkeys(_OPTIONS)
    for name, (kind, _) in _OPTIONS.items():
        written = getattr(arguments, name)
        try:
            given[name] = written if written is None else kind(written)
        except Refused as refused:
            wrong += [p.sentence() for p in refused.problems]
        except ValueError:
            wrong.append(f"“{name}” is “{written}”. That is {_KINDS[kind]}")
    return given


def _prepared(image: str, fit: Fit, model: Model | None, wrong: list[str]) -> bytes | None:
    """Read the picture and make it fit for the model; None for a model that reads none, which `compose` says better."""
    try:
        source = _read(image)
        return prepare(source, model.accepts, fit).data if model and model.accepts else None
    except OSError as error:
        wrong.append(f"“{image}” cannot be read. {error.strerror}. Give the path of a picture.")
    except PictureRefused as refused:
        wrong.append(picture_problem(refused).sentence())
    return None


def _read(image: str) -> bytes:
    most = DEFAULT_LIMITS.max_bytes + 1
    if image == "-":
        return sys.stdin.buffer.read(most)
    with Path(image).open("rb") as file:
        return file.read(most)


def _out_problems(out: str) -> list[str]:
    path = Path(out)
    if out == "-":
        return []
    if path.exists() and not path.is_file():
        return [f"“{out}” is no file. A picture cannot replace it. Give another path."]
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return [f"“{out}” cannot be written. Its folder is missing or not yours. Give a path in a folder of yours."]
    return []


class _Destination:
    """Where the picture goes, all of it or nothing: a file beside, made before the call and renamed after it."""

    def __init__(self, out: str) -> None:
        self._out = None if out == "-" else Path(out)
        self._part: Path | None = None

    def __enter__(self) -> Self:
        if self._out is None:
            return self
        self._part = self._out.with_name(f".{self._out.name}.part")
        self._part.touch()
        return self

    def write(self, data: bytes) -> None:
        if self._out is None or self._part is None:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        else:
            self._part.write_bytes(data)
            self._part.replace(self._out)

    def __exit__(self, *_: object) -> None:
        if self._part is not None:
            with suppress(FileNotFoundError):
                self._part.unlink()
