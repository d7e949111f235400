"""Picks colours for a prompt: from the colours and moods that it names, otherwise from a hash of its words."""

import colorsys
import re
from collections.abc import Iterator, Sequence

from demo.standins.bedrock.randomness import create_random

Colour = tuple[int, int, int]
Prompts = Sequence[tuple[str, float]]

_COLOUR_WORDS: dict[str, str] = {
    "red crimson scarlet rouge ruby fire lava flame feu": "d0342c",
    "orange autumn fall amber automne sunset dusk desert": "e8833a",
    "yellow gold golden sun sunny jaune or wheat honey": "f2c14e",
    "green emerald forest jungle moss vert leaf tree meadow": "4c9a52",
    "teal turquoise cyan lagoon mint": "2ea6a6",
    "blue azure ocean sea sky lake river bleu mer water rain": "3a78c9",
    "indigo night midnight nuit moon space galaxy stars": "343a8c",
    "purple violet magic lavender mystic dream": "8753b8",
    "pink magenta rose blossom cherry candy": "e16a9d",
    "brown wood earth leather coffee": "7d5638",
    "white snow ice winter fog mist cloud blanc neige": "dfe7ee",
    "black dark gothic shadow noir ink": "23232b",
    "grey gray stone castle ruin city steel metal": "7f868f",
}
COLOURS = {word: hexadecimal for words, hexadecimal in _COLOUR_WORDS.items() for word in words.split()}
BRIGHTNESS_LEVELS = (0.10, 0.34, 0.60, 0.82, 0.97)


def pick_colours(prompts: Prompts) -> list[Colour]:
    """Return five colours from dark to light; prompts with a negative weight push the colours away from theirs."""
    positive_text = " ".join(text for text, weight in prompts if weight >= 0)
    rng = create_random("palette", positive_text)
    hue, spread, strength = rng.random(), rng.uniform(0.08, 0.3), rng.uniform(0.45, 0.75)
    hue += sum(weight * create_random("avoid", text).uniform(0.02, 0.12) for text, weight in prompts if weight < 0)
    named, avoided = list(_find_named_colours(prompts, 1)), list(_find_named_colours(prompts, -1))
    result = []
    for index, level in enumerate(BRIGHTNESS_LEVELS):
        red, green, blue = colorsys.hsv_to_rgb((hue + spread * index) % 1, strength * (1.1 - level), level)
        colour: tuple[float, ...] = (red * 255, green * 255, blue * 255)
        if named:
            target, weight = named[index % len(named)]
            colour = _mix_colours(colour, _set_brightness(target, level), min(0.85, 0.6 * weight))
        for target, weight in avoided:
            colour = _mix_colours(
                colour, tuple(255 * level - (part - sum(target) / 3) for part in target), min(0.5, 0.3 * weight)
            )
        result.append((_clamp_byte(colour[0]), _clamp_byte(colour[1]), _clamp_byte(colour[2])))
    return result


def build_gradient(colours: Sequence[Colour]) -> list[int]:
    """Interpolate 256 colours, as a flat list for Image.putpalette."""
    flat: list[int] = []
    for index in range(256):
        position = index / 255 * (len(colours) - 1)
        low = min(int(position), len(colours) - 2)
        flat += (_clamp_byte(part) for part in _mix_colours(colours[low], colours[low + 1], position - low))
    return flat


def _find_named_colours(prompts: Prompts, sign: int) -> Iterator[tuple[Colour, float]]:
    for text, weight in prompts:
        if weight * sign > 0:
            for word in re.findall(r"[a-z]+", text.lower()):
                if word in COLOURS:
                    red, green, blue = bytes.fromhex(COLOURS[word])
                    yield (red, green, blue), abs(weight)


def _set_brightness(colour: Colour, level: float) -> tuple[float, ...]:
    hue, saturation, value = colorsys.rgb_to_hsv(*(part / 255 for part in colour))
    bright = 0.35 * value + 0.75 * level
    return tuple(255 * part for part in colorsys.hsv_to_rgb(hue, saturation * (1.15 - 0.6 * level), min(1, bright)))


def _mix_colours(one: Sequence[float], other: Sequence[float], share: float) -> tuple[float, ...]:
    return tuple(a + (b - a) * share for a, b in zip(one, other, strict=True))


def _clamp_byte(value: float) -> int:
    return max(0, min(255, round(value)))
