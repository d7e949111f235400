"""Component types, and the order in which Discord numbers components.

https://discord.com/developers/docs/components/reference
"""

import enum
from typing import Any


class ComponentType(enum.IntEnum):
    """The types of component."""

    ACTION_ROW = 1
    BUTTON = 2
    STRING_SELECT = 3
    TEXT_INPUT = 4
    USER_SELECT = 5
    ROLE_SELECT = 6
    MENTIONABLE_SELECT = 7
    CHANNEL_SELECT = 8
    SECTION = 9
    TEXT_DISPLAY = 10
    THUMBNAIL = 11
    MEDIA_GALLERY = 12
    FILE = 13
    SEPARATOR = 14
    CONTAINER = 17
    LABEL = 18
    FILE_UPLOAD = 19
    RADIO_GROUP = 21
    CHECKBOX_GROUP = 22
    CHECKBOX = 23


T = ComponentType
SELECT_TYPES = (T.STRING_SELECT, T.USER_SELECT, T.ROLE_SELECT, T.MENTIONABLE_SELECT, T.CHANNEL_SELECT)


def walk_components(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return all components, outer before inner, in the order in which Discord numbers them."""
    found: list[dict[str, Any]] = []
    for component in components:
        inner = [component["component"]] if "component" in component else list(component.get("components") or [])
        if "accessory" in component:
            inner.append(component["accessory"])
        found += [component, *walk_components(inner)]
    return found


def assign_ids(components: list[dict[str, Any]]) -> None:
    """Number the components that came without an id from 1 upwards, passing over the numbers taken."""
    everything = walk_components(components)
    taken, following = {c["id"] for c in everything if "id" in c}, 1
    for component in everything:
        if "id" not in component:
            while following in taken:
                following += 1
            component["id"] = following
            taken.add(following)
