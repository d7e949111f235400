"""The request that is given by arguments and a picture file."""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shared.catalogue import Catalogue, Model
from shared.i18n.messages import describe_problem
from shared.imaging.limits import DEFAULT_LIMITS, ImageRejectedError
from shared.imaging.problems import make_picture_problem
from shared.problems import RejectedError
from shared.request.builder import build_request, pick_default_model
from shared.request.extras import parse_extras
from shared.request.model import Fit, Request
from shared.request.output_format import fit_output_format
from shared.typed_text import parse_number, parse_whole_number, strip_percent_sign
from worker.cli.command import UsageError
from worker.cli.output_file import STANDARD_STREAM
from worker.imaging.preparation import PreparedImage, prepare_image

OptionParser = Callable[[str], Any]


def _parse_number(text: str) -> float:
    return parse_number(strip_percent_sign(text))


def _parse_whole_number(text: str) -> int:
    return parse_whole_number(strip_percent_sign(text))


_OPTIONS: Final[Mapping[str, tuple[OptionParser, str]]] = {
    "keep": (_parse_number, "how much of the picture to keep, in percent"),
    "seed": (_parse_whole_number, "0 for a random one"),
    "style_preset": (str, "such as anime"),
    "steps": (_parse_whole_number, "diffusion steps"),
    "sampler": (str, "such as K_EULER; chosen by the model by default"),
    "cfg_scale": (_parse_number, "how strictly to follow the prompt"),
    "clip_guidance_preset": (str, "such as FAST_BLUE"),
    "init_image_mode": (str, "IMAGE_STRENGTH or STEP_SCHEDULE"),
    "step_schedule_start": (_parse_number, "0 to 1, with STEP_SCHEDULE"),
    "step_schedule_end": (_parse_number, "0 to 1, with STEP_SCHEDULE"),
    "samples": (_parse_whole_number, "pictures in a call"),
    "fit": (Fit, "crop, pad or stretch"),
    "aspect_ratio": (str, "such as 16:9, without a picture"),
    "creativity": (_parse_number, "how much an upscaler may invent"),
    "output_format": (str, "png, jpeg or webp"),
    "extras": (parse_extras, "a JSON object of the model's experimental fields"),
}
_CONVERSION_ERRORS: Final[Mapping[OptionParser, str]] = {
    _parse_number: "no number. Write one with plain digits.",
    _parse_whole_number: "no whole number. Write one with plain digits.",
    Fit: f"no way to fit a picture. Choose one of: {', '.join(Fit)}.",
}


@dataclass(frozen=True)
class ParsedRequest:
    """A valid request, its model's row, and the picture as the model accepts it."""

    request: Request
    model: Model
    picture: bytes | None


def add_request_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that `parse_request` reads."""
    parser.add_argument(
        "prompt", nargs="?", help="such as “castle in fog | crowds::-1”; none for a model that reads none"
    )
    parser.add_argument(
        "--image", metavar="FILE", help="the picture to start from, - for standard input; none: from words alone"
    )
    parser.add_argument("--model", help="key, id or name of a model of the catalogue")
    parser.add_argument("--negative", metavar="TEXT", help="what to avoid")
    for name, (_, description) in _OPTIONS.items():
        parser.add_argument("--" + name.replace("_", "-"), metavar="VALUE", help=description)


def parse_request(arguments: argparse.Namespace, catalogue: Catalogue, *other_problems: str) -> ParsedRequest:
    """Parse and validate the request, and prepare its picture. Raises `UsageError` with every problem there is.

    `other_problems` are already known; with any of them the request is not used.
    """
    problems = list(other_problems)
    options = _parse_options(arguments, problems)
    has_picture = arguments.image is not None
    default_model = pick_default_model(catalogue, has_picture=has_picture)
    model = catalogue.find_model(arguments.model) if arguments.model else default_model
    prepared = (
        _prepare_picture(arguments.image, options["fit"] or Fit.CROP, model, problems) if arguments.image else None
    )
    texts = {"prompt": arguments.prompt, "negative": arguments.negative, "model": arguments.model}
    if any(_is_undecodable(text) for text in texts.values() if text):
        problems.append("The prompt is not UTF-8, the only encoding the model reads. Set your terminal to UTF-8.")
        raise UsageError(*problems)
    try:
        built = build_request(catalogue, **texts, has_picture=has_picture, **options)
        model = catalogue.models[built.request.model]
        request = fit_output_format(built.request, model, lambda: prepared.width * prepared.height if prepared else 0)
    except RejectedError as error:
        raise UsageError(*problems, *(describe_problem(problem) for problem in error.problems)) from error
    if problems:
        raise UsageError(*problems)
    return ParsedRequest(request, model, prepared.data if prepared else None)


def _parse_options(arguments: argparse.Namespace, problems: list[str]) -> dict[str, Any]:
    options: dict[str, Any] = dict.fromkeys(_OPTIONS)
    for name, (parse_option, _) in _OPTIONS.items():
        text = getattr(arguments, name)
        try:
            options[name] = text if text is None else parse_option(text)
        except RejectedError as error:
            problems += [describe_problem(problem) for problem in error.problems]
        except ValueError:
            problems.append(f"“{name}” is “{text}”. That is {_CONVERSION_ERRORS[parse_option]}")
    return options


def _is_undecodable(text: str) -> bool:
    """Return whether an argument holds bytes that are not UTF-8, which Python decodes to these surrogates.

    https://docs.python.org/3/library/codecs.html#surrogateescape
    """
    return any("\udc80" <= letter <= "\udcff" for letter in text)


def _prepare_picture(name: str, fit: Fit, model: Model | None, problems: list[str]) -> PreparedImage | None:
    """Prepare the picture for the model; None if the model is unknown or reads no picture, which is reported later."""
    try:
        upload = _read_picture(name)
        return prepare_image(upload, model.accepted_sizes, fit) if model and model.accepted_sizes else None
    except OSError as error:
        problems.append(f"“{name}” cannot be read. {error.strerror}. Give the path of a picture.")
    except ImageRejectedError as error:
        problems.append(describe_problem(make_picture_problem(error)))
    return None


def _read_picture(name: str) -> bytes:
    limit = DEFAULT_LIMITS.max_bytes + 1
    if name == STANDARD_STREAM:
        return sys.stdin.buffer.read(limit)
    with Path(name).open("rb") as file:
        return file.read(limit)
