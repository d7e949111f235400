"""`python -m worker generate`: generate one picture, without Discord and Redis."""

import argparse
import json
import logging
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, assert_never

from shared.i18n.messages import describe_problem
from shared.imaging.sniffing import ImageType
from shared.outcome import FilteredPart
from shared.request.builder import pick_seed
from worker.call_result import BedrockCallError, FilteredResult, GeneratedImage
from worker.cli.command import (
    ExitCode,
    UsageError,
    add_setting_arguments,
    build_parser,
    load_configuration,
    load_signing,
)
from worker.cli.output_file import STANDARD_STREAM, OutputFile, check_output
from worker.cli.request_arguments import ParsedRequest, add_request_arguments, parse_request
from worker.configuration import create_guardrail, create_image_client
from worker.picture_checks import PictureChecks, describe_check_error
from worker.ports import GuardrailError
from worker.result_metadata import finish_picture
from worker.settings import Settings


@dataclass(frozen=True)
class Report:
    """The end of the command: facts for standard output or JSON, messages for standard error."""

    exit_code: ExitCode
    facts: dict[str, Any]
    messages: Sequence[str] = field(default=())


def run_generate(argv: Sequence[str]) -> ExitCode:
    """Generate one picture as the worker does, without Discord and Redis.

    Exit codes: 0, generated; 1, failed; 2, invalid input, with all of its problems; 3, withheld by the content filter.
    """
    arguments = _build_parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        report = _generate_picture(arguments)
    except UsageError as error:
        facts = {"outcome": "rejected", "problems": error.messages}
        report = Report(ExitCode.USAGE, facts, error.messages)
    output = sys.stderr if arguments.out == STANDARD_STREAM else sys.stdout
    if arguments.json:
        print(json.dumps(report.facts), file=output)
    elif report.exit_code is not ExitCode.USAGE:
        lines = (f"{name:<8} {value}" for name, value in report.facts.items() if value is not None)
        print(*lines, sep="\n", file=output)
    for message in report.messages:
        print(message, file=sys.stderr)
    return report.exit_code


def _build_parser() -> argparse.ArgumentParser:
    parser = build_parser("generate", run_generate.__doc__)
    add_setting_arguments(parser)
    add_request_arguments(parser)
    parser.add_argument("--out", metavar="FILE", required=True, help="the new picture's file, - for standard output")
    parser.add_argument("--json", action="store_true", help="report as one JSON object")
    return parser


def _generate_picture(arguments: argparse.Namespace) -> Report:
    settings, catalogue = load_configuration(arguments)
    signer = load_signing(settings)
    output_problem = check_output(arguments.out)
    parsed = parse_request(arguments, catalogue, *((output_problem,) if output_problem else ()))
    seed = pick_seed(parsed.request, parsed.model, random.SystemRandom())
    facts = {"seed": seed, "outcome": "failed", "model": parsed.model.id}
    with OutputFile(arguments.out) as file:
        try:
            result = _call_model(settings, parsed, seed)
        except BedrockCallError as error:
            return Report(ExitCode.FAILED, facts | {"code": error.problem.code}, _format_error(error))
        except GuardrailError as error:
            problem = describe_check_error(error)
            return Report(ExitCode.FAILED, facts | {"code": problem.code}, [describe_problem(problem), str(error)])
        match result:
            case FilteredResult():
                return _report_filtered(result, facts)
            case GeneratedImage():
                finished = finish_picture(result, parsed.request, parsed.model, signer, parsed.pictures)
                file.write(finished.data)
                return _report_generated(result, facts, arguments.out)
            case _:
                assert_never(result)


def _call_model(settings: Settings, parsed: ParsedRequest, seed: int | None) -> FilteredResult | GeneratedImage:
    """Call the model, with the checks of the guardrail, if there is one, before and after it.

    Raises `BedrockCallError` and `GuardrailError`.
    """
    client, guardrail = create_image_client(settings, concurrency=1), create_guardrail(settings)
    call = partial(
        client.generate, parsed.request, parsed.model, parsed.pictures, seed, account=next(iter(settings.accounts))
    )
    if guardrail is None:
        return call()
    checks = PictureChecks(guardrail, settings.bedrock_call_seconds)
    filtered = checks.check_sources(parsed.pictures)
    return filtered or checks.check_result(call())


def _format_error(error: BedrockCallError) -> list[str]:
    """Format the problem's message, and Bedrock's own if that one does not quote it."""
    message, detail = describe_problem(error.problem), str(error.problem.facts.get("detail", ""))
    return [message, *([f"It said: {detail}"] if detail and detail not in message else [])]


def _report_filtered(result: FilteredResult, facts: dict[str, Any]) -> Report:
    facts |= {"outcome": "filtered", "part": result.part, "seconds": round(result.duration_seconds, 2)}
    return Report(ExitCode.FILTERED, facts, [f"The picture was withheld. {_format_filter_advice(result.part)}"])


def _format_filter_advice(part: FilteredPart) -> str:
    match part:
        case FilteredPart.PROMPT:
            return "The content filter rejected the prompt. Rephrase it; negative prompts count, too."
        case FilteredPart.INPUT:
            return "The content filter rejected the picture you gave. Use another one."
        case FilteredPart.OUTPUT:
            return "The content filter rejected the generated picture. Change the prompt or the seed."
        case _:
            assert_never(part)


def _report_generated(result: GeneratedImage, facts: dict[str, Any], out: str) -> Report:
    facts |= {
        "seed": result.seed,
        "outcome": "generated",
        "type": result.media_type,
        "size": f"{result.width}x{result.height}",
        "seconds": round(result.duration_seconds, 2),
        "file": out,
    }
    return Report(ExitCode.OK, facts, _check_extension(result, out))


def _check_extension(result: GeneratedImage, out: str) -> list[str]:
    """Warn if the output file's extension does not match the picture's media type."""
    extension = Path(out).suffix[1:].lower().replace("jpg", "jpeg")
    if extension not in set(ImageType) or result.media_type == ImageType(extension).media_type:
        return []
    reason = f"“{out}” holds {result.media_type}. The model returns that type by default."
    return [f"{reason} Give --output-format {extension}, or rename the file."]
