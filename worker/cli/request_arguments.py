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
from shared.request.model import Fit, MaskKind, Request
from shared.request.output_format import fit_output_format
from shared.request.output_size import require_allowed_size
from shared.request.pictures import Pictures
from shared.typed_text import parse_number, parse_whole_number, strip_percent_sign
from worker.cli.command import UsageError
from worker.cli.output_file import STANDARD_STREAM
from worker.imaging.pictures import PreparedPictures, prepare_pictures

OptionParser = Callable[[str], Any]

ALPHA_MASK: Final = "alpha"
"""The name of a mask file that stands for the transparency of the picture."""


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
    "aspect_ratio": (str, "such as 16:9, without a picture or for Style Guide"),
    "creativity": (_parse_number, "how much the model may invent"),
    "output_format": (str, "png, jpeg or webp"),
    "grow_mask": (_parse_whole_number, "pixels by which the region to change is widened"),
    "left": (_parse_whole_number, "pixels to add on the left"),
    "right": (_parse_whole_number, "pixels to add on the right"),
    "up": (_parse_whole_number, "pixels to add at the top"),
    "down": (_parse_whole_number, "pixels to add at the bottom"),
    "search_prompt": (str, "what to replace, such as “the red car”"),
    "select_prompt": (str, "what to recolour, such as “the jacket”"),
    "control_strength": (_parse_number, "how closely to follow the picture, 0 to 1"),
    "fidelity": (_parse_number, "how close to stay to the picture's style, 0 to 1"),
    "composition_fidelity": (_parse_number, "how much of the composition to keep, 0 to 1"),
    "style_strength": (_parse_number, "how strong the style is, 0 to 1"),
    "change_strength": (_parse_number, "how much may change in all, 0.1 to 1"),
    "extras": (parse_extras, "a JSON object of the model's experimental fields"),
}
_CONVERSION_ERRORS: Final[Mapping[OptionParser, str]] = {
    _parse_number: "no number. Write one with plain digits.",
    _parse_whole_number: "no whole number. Write one with plain digits.",
    Fit: f"no way to fit a picture. Choose one of: {', '.join(Fit)}.",
}


@dataclass(frozen=True)
class ParsedRequest:
    """A valid request, its model's row, and the pictures as the model accepts them."""

    request: Request
    model: Model
    pictures: Pictures


def add_request_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that `parse_request` reads."""
    parser.add_argument(
        "prompt", nargs="?", help="such as “castle in fog | crowds::-1”; none for a model that reads none"
    )
    parser.add_argument(
        "--image", metavar="FILE", help="the picture to start from, - for standard input; none: from words alone"
    )
    parser.add_argument(
        "--mask",
        metavar="FILE",
        help=f"the region to change, in white on black; “{ALPHA_MASK}”: the transparent part of the picture",
    )
    parser.add_argument("--style-image", metavar="FILE", help="a picture in the wanted style")
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
    inputs: dict[str, Any] = {
        "has_picture": arguments.image is not None,
        "mask": _find_mask_kind(arguments.mask),
        "has_style_picture": arguments.style_image is not None,
    }
    default_model = pick_default_model(catalogue, has_picture=arguments.image is not None)
    model = catalogue.find_model(arguments.model) if arguments.model else default_model
    prepared = _prepare_pictures(
        arguments, Request(model="", text_prompts=(), fit=options["fit"], **inputs), model, problems
    )
    texts = {"prompt": arguments.prompt, "negative": arguments.negative, "model": arguments.model}
    if any(_is_undecodable(text) for text in texts.values() if text):
        problems.append("The prompt is not UTF-8, the only encoding the model reads. Set your terminal to UTF-8.")
        raise UsageError(*problems)
    try:
        built = build_request(catalogue, **texts, **inputs, **options)
        model = catalogue.models[built.request.model]
        size = prepared.size if prepared else (0, 0)
        require_allowed_size(built.request, size)
        request = fit_output_format(built.request, model, lambda: size)
    except RejectedError as error:
        raise UsageError(*problems, *(describe_problem(problem) for problem in error.problems)) from error
    if problems:
        raise UsageError(*problems)
    return ParsedRequest(request, model, prepared.pictures if prepared else Pictures())


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


def _find_mask_kind(name: str | None) -> MaskKind | None:
    if name is None:
        return None
    return MaskKind.ALPHA if name == ALPHA_MASK else MaskKind.PICTURE


def _prepare_pictures(
    arguments: argparse.Namespace, request: Request, model: Model | None, problems: list[str]
) -> PreparedPictures | None:
    """Prepare the pictures for the model; None if it is unknown or reads no picture, which is reported later."""
    mask_file = arguments.mask if request.mask is MaskKind.PICTURE else None
    files = {"source": arguments.image, "mask": mask_file, "style": arguments.style_image}
    uploads: dict[str, bytes] = {}
    for part, name in files.items():
        try:
            if name is not None:
                uploads[part] = _read_picture(name)
        except OSError as error:
            problems.append(f"“{name}” cannot be read. {error.strerror}. Give the path of a picture.")
            return None
    try:
        return prepare_pictures(Pictures(**uploads), request, model) if model and model.accepted_sizes else None
    except ImageRejectedError as error:
        problems.append(describe_problem(make_picture_problem(error)))
    except RejectedError as error:
        problems += [describe_problem(problem) for problem in error.problems]
    return None


def _read_picture(name: str) -> bytes:
    limit = DEFAULT_LIMITS.max_bytes + 1
    if name == STANDARD_STREAM:
        return sys.stdin.buffer.read(limit)
    with Path(name).open("rb") as file:
        return file.read(limit)
