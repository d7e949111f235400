"""Builds requests from prompts that may be written for another image tool, such as `a cat --ar 16:9 --no hands`.

Parameters become the options that they stand for. A person is asked before anything is left out.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from typing import Any, Final

from shared.catalogue import Catalogue, Model
from shared.foreign_syntax.reading import PromptReading, ReadOption, read_prompt
from shared.foreign_syntax.stable_diffusion import read_brackets
from shared.notes import Note, make_note
from shared.problems import Problem, RejectedError, make_problem
from shared.request.model import BuiltRequest

RequestBuilder = Callable[[Mapping[str, Any]], BuiltRequest]

MAX_RATIO_FACTOR: Final = 1.15
"""How much wider or narrower the nearest aspect ratio may be than the one that was asked for."""

_QUOTED_LENGTH: Final = 100


class UnsupportedSyntaxError(RejectedError):
    """A prompt asks for something that has no equal here; the requester may go on in two ways.

    `without` is the request without these things, `literal` the one with the prompt as words, if that is valid.
    """

    def __init__(self, problems: Sequence[Problem], without: BuiltRequest, literal: BuiltRequest | None) -> None:
        super().__init__(*problems)
        self.without = without
        self.literal = literal


@dataclass
class ForeignRequestBuilder:
    """Builds one request. `build` makes it of options, `can_fetch` tells whether a link leads to a picture.

    `source_link` is the link in the prompt that the request starts from, if any; the others have no use.
    """

    build: RequestBuilder
    catalogue: Catalogue
    can_fetch: Callable[[str], bool]
    source_link: str | None = None
    notes: list[Note] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    added: list[str] = field(default_factory=list)

    def build_request(self, options: Mapping[str, Any]) -> BuiltRequest:
        """Build the request that these options and the prompt among them ask for. A typed option takes precedence.

        A number of pictures in the prompt is read if `count` is among the options, which is None if it was not typed.
        Raises `RejectedError`, and `UnsupportedSyntaxError` if something in the prompt has no equal here.
        """
        reading = read_prompt(options.get("prompt") or "")
        negative = read_brackets(options.get("negative") or "", may_weigh=False)
        self.notes += reading.notes
        self.notes += (note for note in negative.notes if note not in reading.notes)
        self.problems += (*reading.problems, *negative.problems, *self._find_link_problems(reading.links))
        plain = {name: value for name, value in options.items() if name != "count"}
        typed = plain | {"prompt": reading.text, "negative": negative.text or None}
        try:
            built = self.build(typed)
        except RejectedError as rejection:
            raise RejectedError(*rejection.problems, *self.problems) from rejection
        for option in reading.options:
            if option.field == "count":
                self._read_count(option, options)
            else:
                built = self._add_option(option, typed, built)
        built = BuiltRequest(built.request, (*self._list_notes(built), *built.notes))
        if self.problems:
            raise UnsupportedSyntaxError(self.problems, built, self._build_literal(plain, reading))
        return built

    def _add_option(self, option: ReadOption, typed: dict[str, Any], built: BuiltRequest) -> BuiltRequest:
        """Add an option to the `typed` ones and return the request with it, or note why that is not done."""
        facts = {"parameter": option.parameter, "field": option.field}
        model = self.catalogue.models[built.request.model]
        value: str | None = option.value
        if option.field == "negative":
            value = ", ".join(text for text in (typed["negative"], value) if text)
        elif typed.get(option.field) is not None:
            self.notes.append(make_note("option_preferred", **facts))
            return built
        elif option.field == "aspect_ratio":
            value = find_nearest_ratio(option.value, model)
        if value is None:
            self.problems.append(make_problem("parameter_aspect", parameter=option.parameter, model=model.name))
            return built
        try:
            extended = self.build(typed | {option.field: value})
        except RejectedError as rejection:
            self.problems += (make_problem("parameter_refused", **facts), *rejection.problems)
            return built
        typed[option.field] = value
        if option.field == "aspect_ratio" and value != option.value:
            self.notes.append(make_note("aspect_nearest", parameter=option.parameter, value=value, model=model.name))
        else:
            self.added.append(option.parameter)
        return extended

    def _read_count(self, option: ReadOption, options: Mapping[str, Any]) -> None:
        if options.get("count") is not None:
            self.notes.append(make_note("option_preferred", parameter=option.parameter, field="count"))
        elif "count" in options:
            self.added.append(option.parameter)
        elif option.value != "1":
            self.problems.append(make_problem("parameter_count", parameter=option.parameter))

    def _find_link_problems(self, links: Sequence[str]) -> Iterator[Problem]:
        for link in links:
            if link == self.source_link:
                self.notes.append(make_note("link_used"))
            else:
                code = "link_unused" if self.can_fetch(link) else "link_host"
                yield make_problem(code, link=link[:_QUOTED_LENGTH])

    def _list_notes(self, built: BuiltRequest) -> Iterator[Note]:
        """List the notes, without one on weights that the model does not read, on which there is another."""
        if self.added:
            yield make_note("parameters_read", parameters=" ".join(self.added)[:_QUOTED_LENGTH])
        has_weights = any(abs(part.weight) != 1 for part in built.request.text_prompts)
        yield from (note for note in self.notes if has_weights or note.code != "emphasis_weighed")

    def _build_literal(self, options: dict[str, Any], reading: PromptReading) -> BuiltRequest | None:
        """Build the request with the prompt as words, but for the link to its picture. None if it is not valid."""
        prompt = reading.literal.replace(self.source_link, "") if self.source_link else reading.literal
        try:
            return self.build(options | {"prompt": prompt})
        except RejectedError:
            return None


def read_count(prompt: str) -> int | None:
    """Read the number of pictures that a prompt asks for."""
    return next((int(option.value) for option in read_prompt(prompt).options if option.field == "count"), None)


def find_nearest_ratio(ratio: str, model: Model) -> str | None:
    """Find the aspect ratio of the model that is nearest to one such as `4:3`, None if none is near.

    That of a model without choices is the ratio itself.
    """
    choices = model.fields["aspect_ratio"].choices if "aspect_ratio" in model.fields else ()
    if not choices:
        return ratio
    wanted = _parse_ratio(ratio)
    nearest = min(choices, key=lambda choice: abs(log(_parse_ratio(choice) / wanted)))
    is_near = abs(log(_parse_ratio(nearest) / wanted)) <= log(MAX_RATIO_FACTOR)
    return nearest if is_near else None


def _parse_ratio(ratio: str) -> float:
    width, height = map(float, ratio.split(":"))
    return width / height
