"""Recognises Unicode emoji: Discord rejects a component whose emoji is none (it accepts "⭐" but not "☆").

https://discord.com/developers/docs/resources/emoji#emoji-object-standard-emoji-example
"""

import re
from typing import Any

from demo.standins.discord.form_validator import FieldPath, FormValidator
from demo.standins.discord.snowflake import is_snowflake

CODE_POINT_RANGES = (
    "203c 2049 2122 2139 2194-2199 21a9-21aa 231a-231b 2328 23cf 23e9-23f3 23f8-23fa 24c2 25aa-25ab 25b6 25c0 "
    "25fb-25fe 2600-2604 260e 2611 2614-2615 2618 261d 2620 2622-2623 2626 262a 262e-262f 2638-263a 2640 2642 "
    "2648-2653 265f-2660 2663 2665-2666 2668 267b 267e-267f 2692-2697 2699 269b-269c 26a0-26a1 26a7 26aa-26ab "
    "26b0-26b1 26bd-26be 26c4-26c5 26c8 26ce-26cf 26d1 26d3-26d4 26e9-26ea 26f0-26f5 26f7-26fa 26fd 2702 2705 "
    "2708-270d 270f 2712 2714 2716 271d 2721 2728 2733-2734 2744 2747 274c 274e 2753-2755 2757 2763-2764 "
    "2795-2797 27a1 27b0 27bf 2934-2935 2b05-2b07 2b1b-2b1c 2b50 2b55 3030 303d 3297 3299 a9 ae 1f004-1faff"
)
"""The non-ASCII code points with the Unicode property Emoji (emoji-data.txt, 17.0); approximate above 1F000."""

_ONE = (
    "[" + "".join("-".join(f"\\U{point:0>8}" for point in span.split("-")) for span in CODE_POINT_RANGES.split()) + "]"
)
_MARKED = f"{_ONE}\ufe0f?[\U0001f3fb-\U0001f3ff]?[\U000e0020-\U000e007f]*"
EMOJI_PATTERN = re.compile(f"[0-9#*]\ufe0f?\u20e3|[\U0001f1e6-\U0001f1ff]{{2}}|{_MARKED}(?:\u200d{_MARKED})*")


def check_emoji(form: FormValidator, where: FieldPath, emoji: Any) -> dict[str, Any] | None:
    """Check the emoji of a button or option: a Unicode emoji by name, or a guild's by id."""
    if not isinstance(emoji, dict):
        return None
    if not is_snowflake(emoji.get("id")) and not EMOJI_PATTERN.fullmatch(str(emoji.get("name"))):
        form.add_error((*where, "emoji", "name"), "BUTTON_COMPONENT_INVALID_EMOJI", "Invalid emoji")
    return {"id": None, **emoji}
