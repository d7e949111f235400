"""The limits of a modal and its fields.

https://discord.com/developers/docs/components/reference#label
"""

from typing import Any

from demo.standins.discord.components import SELECT_TYPES, assign_ids
from demo.standins.discord.components import ComponentType as T
from demo.standins.discord.form_validator import FieldPath, FormValidator
from demo.standins.discord.validate_components import ComponentValidator

LABEL_CHILDREN = (T.TEXT_INPUT, *SELECT_TYPES, T.FILE_UPLOAD, T.RADIO_GROUP, T.CHECKBOX_GROUP, T.CHECKBOX)


def check_modal(data: dict[str, Any]) -> dict[str, Any]:
    """Check a modal: title up to 45 characters, 1 to 5 rows, fields inside labels; raises DiscordApiError 50035.

    Returns the modal as it is shown, with ids.
    """
    form = FormValidator()
    modal = {
        "custom_id": form.check_text(("data", "custom_id"), data.get("custom_id"), 1, 100, required=True),
        "title": form.check_text(("data", "title"), data.get("title"), 1, 45, required=True),
    }
    fields = _ModalValidator(form)
    rows = form.check_objects(("data", "components"), data.get("components"), 1, 5, required=True)
    components = [fields.check_row(("data", "components", place), row) for place, row in enumerate(rows)]
    form.raise_if_invalid()
    assign_ids(components)
    return {**modal, "components": components}


class _ModalValidator:
    """Checks the rows of one modal, whose custom ids must be unique."""

    def __init__(self, form: FormValidator) -> None:
        self.form = form
        self.components = ComponentValidator(form, v2=True)

    def check_row(self, where: FieldPath, row: dict[str, Any]) -> dict[str, Any]:
        kind = self.form.check_choice((*where, "type"), row.get("type"), (1, 10, 18), required=True)
        if kind == T.TEXT_DISPLAY:
            return self.components.check_component(where, row, (T.TEXT_DISPLAY,))
        checked = {"type": kind} | ({"id": row["id"]} if row.get("id") else {})
        if kind == T.ACTION_ROW:
            inputs = self.form.check_objects((*where, "components"), row.get("components"), 1, 1, required=True)
            return checked | {
                "components": [
                    self.check_field((*where, "components", n), item, (T.TEXT_INPUT,)) for n, item in enumerate(inputs)
                ]
            }
        if kind is None:
            return {}
        checked["label"] = self.form.check_text((*where, "label"), row.get("label"), 1, 45, required=True)
        if description := self.form.check_text((*where, "description"), row.get("description"), 0, 100):
            checked["description"] = description
        if not isinstance(row.get("component"), dict):
            self.form.add_error((*where, "component"), "BASE_TYPE_REQUIRED", "This field is required")
            return checked
        return checked | {"component": self.check_field((*where, "component"), row["component"], LABEL_CHILDREN)}

    def check_field(self, where: FieldPath, item: dict[str, Any], allowed: tuple[T, ...]) -> dict[str, Any]:
        """Check one field and return it with defaults."""
        form = self.form
        kind = form.check_choice((*where, "type"), item.get("type"), tuple(map(int, allowed)), required=True)
        if kind is None:
            return {}
        required = item.get("required") is None or form.check_flag((*where, "required"), item["required"])
        checked: dict[str, Any] = {"type": kind} | ({"id": item["id"]} if item.get("id") else {})
        if required and item.get("min_values") == 0:
            message = "int value should be greater than or equal to 1."
            form.add_error((*where, "min_values"), "NUMBER_TYPE_MIN", message)
        if item.get("disabled"):
            message = "Components in modals cannot be disabled."
            form.add_error((*where, "disabled"), "COMPONENT_DISABLED_IN_MODAL", message)
        if kind in SELECT_TYPES:
            return checked | self.components.check_select(where, item) | {"required": required}
        checked["custom_id"] = self.components.check_custom_id(where, item)
        if kind == T.CHECKBOX:
            return checked | {"default": form.check_flag((*where, "default"), item.get("default"))}
        checked["required"] = required
        if kind == T.TEXT_INPUT:
            return checked | self.check_text_input(where, item, labelled=allowed is LABEL_CHILDREN)
        if kind == T.FILE_UPLOAD:
            return checked | self.check_bounds(where, item, 1, 10)
        low = 2 if kind == T.RADIO_GROUP else 1
        checked["options"] = options = self.components.check_options(where, item, low, 10)
        if kind == T.CHECKBOX_GROUP:
            checked |= self.check_bounds(where, item, len(options) or 10, 10)
            self.components.check_value_range(where, checked)
        return checked

    def check_bounds(self, where: FieldPath, item: dict[str, Any], default_most: int, most: int) -> dict[str, Any]:
        """Check min_values (0 to 10, default 1; 0 only for optional fields) and max_values (1 to 10)."""
        low = self.form.check_number((*where, "min_values"), item.get("min_values"), 0, most)
        high = self.form.check_number((*where, "max_values"), item.get("max_values"), 1, most)
        return {
            "min_values": 1 if low is None else int(low),
            "max_values": default_most if high is None else int(high),
        }

    def check_text_input(self, where: FieldPath, item: dict[str, Any], *, labelled: bool) -> dict[str, Any]:
        """Check a text input; one inside a label has no label of its own."""
        form = self.form
        checked: dict[str, Any] = {
            "style": form.check_choice((*where, "style"), item.get("style"), (1, 2), required=True)
        }
        if not labelled:
            checked["label"] = form.check_text((*where, "label"), item.get("label"), 1, 45, required=True)
        for key, most in (("placeholder", 100), ("value", 4000)):
            if (text := form.check_text((*where, key), item.get(key), 0, most)) is not None:
                checked[key] = text
        for key, low in (("min_length", 0), ("max_length", 1)):
            if (number := form.check_number((*where, key), item.get(key), low, 4000)) is not None:
                checked[key] = int(number)
        return checked
