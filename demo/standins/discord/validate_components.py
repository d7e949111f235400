"""The limits of a message's components, legacy rows and Components V2; fills in ids and defaults.

https://discord.com/developers/docs/components/reference
"""

from typing import Any

from demo.standins.discord.components import SELECT_TYPES, ComponentType, assign_ids
from demo.standins.discord.emoji import check_emoji
from demo.standins.discord.errors import DiscordApiError
from demo.standins.discord.form_validator import FieldPath, FormValidator
from demo.standins.discord.media import ATTACHMENT_SCHEME
from demo.standins.discord.snowflake import is_snowflake
from demo.standins.discord.validate_embeds import check_url

MAX_COMPONENTS = 40
MAX_TEXT = 4000
MAX_ENCODED_TEXT = 10_170
"""Limit of the UTF-8 bytes of all text displays, plus 12 each; above it Discord fails with 500
(https://github.com/discord/discord-api-docs/issues/8554)."""


T = ComponentType
CONTAINER_CHILDREN = (T.ACTION_ROW, T.SECTION, T.TEXT_DISPLAY, T.MEDIA_GALLERY, T.FILE, T.SEPARATOR)
TOP_LEVEL_TYPES = (*CONTAINER_CHILDREN, T.CONTAINER)
DEFAULT_VALUE_KINDS: dict[Any, tuple[str, ...]] = {
    T.USER_SELECT: ("user",),
    T.ROLE_SELECT: ("role",),
    T.MENTIONABLE_SELECT: ("user", "role"),
    T.CHANNEL_SELECT: ("channel",),
}
CHANNEL_TYPES = (0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16)
LINK_STYLE, PREMIUM_STYLE = 5, 6
BUTTON_STYLES = (1, 2, 3, 4, LINK_STYLE, PREMIUM_STYLE)
MAX_BUTTON_URL = 512


class ComponentValidator:
    """Checks the components of one message and returns them with ids and defaults."""

    def __init__(self, form: FormValidator, *, v2: bool) -> None:
        self.form = form
        self.v2 = v2
        self.count = 0
        self.text: list[str] = []
        self.custom_ids: set[str] = set()
        self.ids: set[int] = set()

    def check_message(self, where: FieldPath, value: Any) -> list[dict[str, Any]]:
        """Check the `components` field of a message and return it as Discord stores it."""
        items = self.form.check_objects(where, value, 0, MAX_COMPONENTS if self.v2 else 5)
        allowed = TOP_LEVEL_TYPES if self.v2 else (T.ACTION_ROW,)
        checked = [self.check_component((*where, place), item, allowed) for place, item in enumerate(items)]
        if self.count > MAX_COMPONENTS:
            message = f"The total number of components in a message must be {MAX_COMPONENTS} or fewer."
            self.form.add_error(where, "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", message)
        if sum(map(len, self.text)) > MAX_TEXT:
            message = f"The total displayable text size of a message must be {MAX_TEXT} or fewer in length."
            self.form.add_error(where, "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", message)
        elif sum(len(text.encode()) + 12 for text in self.text) > MAX_ENCODED_TEXT:
            raise DiscordApiError(0, status=500, message="500: Internal Server Error")
        assign_ids(checked)
        return checked

    def check_component(
        self, where: FieldPath, item: dict[str, Any], allowed: tuple[ComponentType, ...]
    ) -> dict[str, Any]:
        """Check a component, which must be of an allowed type, and everything inside it."""
        kind = self.form.check_choice((*where, "type"), item.get("type"), tuple(map(int, allowed)), required=True)
        if kind is None:
            return {}
        self.count += 1
        checked: dict[str, Any] = {"type": kind}
        if (
            number := self.form.check_number((*where, "id"), item.get("id"), 0, 2**31 - 1)
        ) and not self._is_duplicate_id(where, number):
            checked["id"] = int(number)
        return checked | _CHECKS[ComponentType(kind)](self, where, item)

    def _is_duplicate_id(self, where: FieldPath, number: float) -> bool:
        if int(number) in self.ids:
            self.form.add_error((*where, "id"), "COMPONENT_ID_DUPLICATED", "Component id cannot be duplicated")
            return True
        self.ids.add(int(number))
        return False

    def check_children(
        self, where: FieldPath, item: dict[str, Any], low: int, high: int, allowed: tuple[ComponentType, ...]
    ) -> list[dict[str, Any]]:
        """Check the `components` inside a component."""
        inner = self.form.check_objects((*where, "components"), item.get("components"), low, high, required=True)
        return [
            self.check_component((*where, "components", place), child, allowed) for place, child in enumerate(inner)
        ]

    def check_custom_id(self, where: FieldPath, item: dict[str, Any]) -> str:
        """Check a custom_id: 1 to 100 characters, unique in the message."""
        text = self.form.check_text((*where, "custom_id"), item.get("custom_id"), 1, 100, required=True)
        if text in self.custom_ids:
            message = "Component custom id cannot be duplicated"
            self.form.add_error((*where, "custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", message)
        if text:
            self.custom_ids.add(text)
        return text or ""

    def check_media(self, where: FieldPath, value: Any, *, uploaded: bool = False) -> dict[str, Any]:
        """Check an unfurled media item; an uploaded one must refer to an attachment."""
        if not isinstance(value, dict):
            self.form.add_error(where, "BASE_TYPE_REQUIRED", "This field is required")
            return {"url": ""}
        url = value.get("url")
        if uploaded and not (isinstance(url, str) and url.startswith(ATTACHMENT_SCHEME)):
            message = "Only attachment:// references are supported."
            self.form.add_error((*where, "url"), "URL_TYPE_INVALID_SCHEME", message)
        else:
            check_url(self.form, (*where, "url"), url, attachments=True)
        return {"url": url if isinstance(url, str) else ""}

    def check_action_row(self, where: FieldPath, item: dict[str, Any]) -> dict[str, Any]:
        checked = self.check_children(where, item, 1, 5, (T.BUTTON, *SELECT_TYPES))
        if len(checked) > 1 and any(child.get("type") in SELECT_TYPES for child in checked):
            message = "The specified component exceeds the maximum width"
            self.form.add_error((*where, "components"), "COMPONENT_LAYOUT_WIDTH_EXCEEDED", message)
        return {"components": checked}

    def check_button(self, where: FieldPath, item: dict[str, Any]) -> dict[str, Any]:
        form = self.form
        style = form.check_choice((*where, "style"), item.get("style"), BUTTON_STYLES, required=True)
        checked: dict[str, Any] = {"style": style}
        label = form.check_text((*where, "label"), item.get("label"), 0, 80)
        if label:
            checked["label"] = label
        if emoji := check_emoji(form, where, item.get("emoji")):
            checked["emoji"] = emoji
        if style == LINK_STYLE:
            check_url(form, (*where, "url"), item.get("url"), attachments=False)
            form.check_text((*where, "url"), item.get("url"), 0, MAX_BUTTON_URL)
            if item.get("custom_id"):
                message = "A custom id and url cannot both be specified"
                form.add_error((*where, "custom_id"), "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message)
            checked["url"] = item.get("url")
        elif style == PREMIUM_STYLE:
            form.add_error((*where, "sku_id"), "BUTTON_COMPONENT_INVALID_SKU_ID", "Unknown SKU")
        elif style is not None:
            checked["custom_id"] = self.check_custom_id(where, item)
            if item.get("url"):
                message = "A custom id and url cannot both be specified"
                form.add_error((*where, "url"), "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message)
        if style not in (None, PREMIUM_STYLE) and not item.get("label") and "emoji" not in checked:
            form.add_error(where, "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", "A button must have a label or an emoji")
        return checked | ({"disabled": True} if form.check_flag((*where, "disabled"), item.get("disabled")) else {})

    def check_select(self, where: FieldPath, item: dict[str, Any]) -> dict[str, Any]:
        form = self.form
        checked: dict[str, Any] = {"custom_id": self.check_custom_id(where, item)}
        if placeholder := form.check_text((*where, "placeholder"), item.get("placeholder"), 0, 150):
            checked["placeholder"] = placeholder
        low = form.check_number((*where, "min_values"), item.get("min_values"), 0, 25)
        high = form.check_number((*where, "max_values"), item.get("max_values"), 1, 25)
        checked["min_values"], checked["max_values"] = 1 if low is None else int(low), 1 if high is None else int(high)
        if item.get("type") == T.STRING_SELECT:
            checked["options"] = self.check_options(where, item, 1, 25)
        self.check_value_range(where, checked)
        if item.get("default_values"):
            checked["default_values"] = self.check_default_values(where, item, checked)
        if item.get("channel_types"):
            checked["channel_types"] = form.check_items((*where, "channel_types"), item["channel_types"], 0, 25)
            for place, kind in enumerate(checked["channel_types"]):
                form.check_choice((*where, "channel_types", place), kind, CHANNEL_TYPES)
        return checked | ({"disabled": True} if form.check_flag((*where, "disabled"), item.get("disabled")) else {})

    def check_default_values(
        self, where: FieldPath, item: dict[str, Any], checked: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Check the ids that are chosen at first: as many as may be chosen, and of the kinds of the select."""
        field = (*where, "default_values")
        values = self.form.check_objects(field, item["default_values"], checked["min_values"], checked["max_values"])
        for place, value in enumerate(values):
            kinds = DEFAULT_VALUE_KINDS.get(item.get("type"), ())
            if not kinds:
                message = "A string select has no default values"
                self.form.add_error(field, "BASE_TYPE_BAD_TYPE", message)
                break
            self.form.check_choice((*field, place, "type"), value.get("type"), kinds, required=True)
            if not is_snowflake(value.get("id")):
                message = f'Value "{value.get("id")}" is not snowflake.'
                self.form.add_error((*field, place, "id"), "NUMBER_TYPE_COERCE", message)
        return [{"id": str(value.get("id")), "type": value.get("type")} for value in values]

    def check_value_range(self, where: FieldPath, checked: dict[str, Any]) -> None:
        """Check that min_values, max_values and the number of options are consistent."""
        low, high, most = (
            checked["min_values"],
            checked["max_values"],
            len(checked.get("options") or ()) or checked["max_values"],
        )
        if low > high:
            message = f"int value should be less than or equal to {high}."
            self.form.add_error((*where, "min_values"), "NUMBER_TYPE_MAX", message)
        if high > most:
            message = f"int value should be less than or equal to {most}."
            self.form.add_error((*where, "max_values"), "NUMBER_TYPE_MAX", message)

    def check_options(self, where: FieldPath, item: dict[str, Any], low: int, high: int) -> list[dict[str, Any]]:
        """Check the options of a field: labels and values of 1 to 100 characters, values unique."""
        checked, values = [], set()
        for place, option in enumerate(
            self.form.check_objects((*where, "options"), item.get("options"), low, high, required=True)
        ):
            at = (*where, "options", place)
            self.form.check_text((*at, "label"), option.get("label"), 1, 100, required=True)
            value = self.form.check_text((*at, "value"), option.get("value"), 1, 100, required=True)
            self.form.check_text((*at, "description"), option.get("description"), 0, 100)
            check_emoji(self.form, at, option.get("emoji"))
            if value in values:
                message = "The specified option value is already used"
                self.form.add_error((*at, "value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message)
            values.add(value)
            checked.append({key: field for key, field in option.items() if field is not None})
        return checked

    def check_section(self, where: FieldPath, item: dict[str, Any]) -> dict[str, Any]:
        checked = self.check_children(where, item, 1, 3, (T.TEXT_DISPLAY,))
        accessory = item.get("accessory")
        if not isinstance(accessory, dict):
            self.form.add_error((*where, "accessory"), "BASE_TYPE_REQUIRED", "This field is required")
            return {"components": checked}
        return {
            "components": checked,
            "accessory": self.check_component((*where, "accessory"), accessory, (T.BUTTON, T.THUMBNAIL)),
        }

    def check_text_display(self, where: FieldPath, item: dict[str, Any]) -> dict[str, Any]:
        text = self.form.check_text((*where, "content"), item.get("content"), 1, MAX_TEXT, required=True) or ""
        self.text.append(text)
        return {"content": text}

    def check_thumbnail(self, where: FieldPath, item: dict[str, Any]) -> dict[str, Any]:
        return {"media": self.check_media((*where, "media"), item.get("media")), **self.check_description(where, item)}

    def check_description(self, where: FieldPath, item: dict[str, Any]) -> dict[str, Any]:
        """Check the alt text (up to 1024 characters) and the spoiler flag of a media item."""
        description = self.form.check_text((*where, "description"), item.get("description"), 0, 1024)
        return {"description": description, "spoiler": self.form.check_flag((*where, "spoiler"), item.get("spoiler"))}

    def check_media_gallery(self, where: FieldPath, item: dict[str, Any]) -> dict[str, Any]:
        checked = []
        for place, inner in enumerate(
            self.form.check_objects((*where, "items"), item.get("items"), 1, 10, required=True)
        ):
            at = (*where, "items", place)
            checked.append(
                {"media": self.check_media((*at, "media"), inner.get("media")), **self.check_description(at, inner)}
            )
        return {"items": checked}

    def check_file(self, where: FieldPath, item: dict[str, Any]) -> dict[str, Any]:
        spoiler = self.form.check_flag((*where, "spoiler"), item.get("spoiler"))
        return {"file": self.check_media((*where, "file"), item.get("file"), uploaded=True), "spoiler": spoiler}

    def check_separator(self, where: FieldPath, item: dict[str, Any]) -> dict[str, Any]:
        spacing = self.form.check_choice((*where, "spacing"), item.get("spacing"), (1, 2))
        divider = item.get("divider") is None or self.form.check_flag((*where, "divider"), item["divider"])
        return {"spacing": spacing or 1, "divider": divider}

    def check_container(self, where: FieldPath, item: dict[str, Any]) -> dict[str, Any]:
        colour = self.form.check_number((*where, "accent_color"), item.get("accent_color"), 0, 0xFFFFFF)
        return {
            "components": self.check_children(where, item, 1, MAX_COMPONENTS, CONTAINER_CHILDREN),
            "accent_color": None if colour is None else int(colour),
            "spoiler": self.form.check_flag((*where, "spoiler"), item.get("spoiler")),
        }


_CHECKS = {
    T.ACTION_ROW: ComponentValidator.check_action_row,
    T.BUTTON: ComponentValidator.check_button,
    **dict.fromkeys(SELECT_TYPES, ComponentValidator.check_select),
    T.SECTION: ComponentValidator.check_section,
    T.TEXT_DISPLAY: ComponentValidator.check_text_display,
    T.THUMBNAIL: ComponentValidator.check_thumbnail,
    T.MEDIA_GALLERY: ComponentValidator.check_media_gallery,
    T.FILE: ComponentValidator.check_file,
    T.SEPARATOR: ComponentValidator.check_separator,
    T.CONTAINER: ComponentValidator.check_container,
}
