"""Collects field errors in the tree that Discord returns with "Invalid Form Body" (50035).

https://discord.com/developers/docs/reference#error-messages
"""

from typing import Any

from demo.standins.discord.errors import DiscordApiError

FieldPath = tuple[str | int, ...]


class FormValidator:
    """Checks the fields of one request body and collects all errors, so that they are reported at once."""

    def __init__(self) -> None:
        self.error_tree: dict[str, Any] = {}

    def add_error(self, where: FieldPath, code: str, message: str) -> None:
        """Add an error to the field at this path."""
        node = self.error_tree
        for step in where:
            node = node.setdefault(str(step), {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def raise_if_invalid(self) -> None:
        """Raise DiscordApiError 50035 with all errors, if there are any."""
        if self.error_tree:
            raise DiscordApiError(50035, errors=self.error_tree)

    def check_text(self, where: FieldPath, value: Any, low: int, high: int, *, required: bool = False) -> str | None:
        """Check a string of `low` to `high` characters; return None if it is absent or invalid."""
        if value is None:
            if required:
                self.add_error(where, "BASE_TYPE_REQUIRED", "This field is required")
            return None
        if not isinstance(value, str):
            self.add_error(where, "STRING_TYPE_CONVERT", f'Could not interpret "{value}" as string.')
            return None
        if required and low and not value:
            self.add_error(where, "BASE_TYPE_REQUIRED", "This field is required")
            return None
        if not low <= len(value) <= high:
            if low:
                self.add_error(where, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
            else:
                self.add_error(where, "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")
            return None
        return value

    def check_number(
        self,
        where: FieldPath,
        value: Any,
        low: float | None = None,
        high: float | None = None,
        *,
        whole: bool = True,
        required: bool = False,
    ) -> float | None:
        """Check a number from `low` to `high`, an integer if `whole`; return None if it is absent or invalid."""
        if value is None:
            if required:
                self.add_error(where, "BASE_TYPE_REQUIRED", "This field is required")
            return None
        kind = "int" if whole else "float"
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            self.add_error(where, "NUMBER_TYPE_COERCE", f'Value "{value}" is not {kind}.')
            return None
        number: float = value
        if low is not None and number < low:
            self.add_error(where, "NUMBER_TYPE_MIN", f"{kind} value should be greater than or equal to {low}.")
            return None
        if high is not None and number > high:
            self.add_error(where, "NUMBER_TYPE_MAX", f"{kind} value should be less than or equal to {high}.")
            return None
        return number

    def check_choice(self, where: FieldPath, value: Any, allowed: tuple[Any, ...], *, required: bool = False) -> Any:
        """Check that a value is one of those allowed; return None if it is absent or invalid."""
        if value is None:
            if required:
                self.add_error(where, "BASE_TYPE_REQUIRED", "This field is required")
            return None
        if isinstance(value, bool) != isinstance(allowed[0], bool) or value not in allowed:
            self.add_error(where, "BASE_TYPE_CHOICES", f"Value must be one of {{{', '.join(map(str, allowed))}}}.")
            return None
        return value

    def check_flag(self, where: FieldPath, value: Any) -> bool:
        """Check a boolean; an absent one is False."""
        if value is None:
            return False
        if not isinstance(value, bool):
            self.add_error(where, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
            return False
        return value

    def check_items(self, where: FieldPath, value: Any, low: int, high: int, *, required: bool = False) -> list[Any]:
        """Check a list of `low` to `high` items; return an empty list if it is absent or invalid."""
        if value is None:
            if required:
                self.add_error(where, "BASE_TYPE_REQUIRED", "This field is required")
            return []
        if not isinstance(value, list):
            self.add_error(where, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return []
        if not low <= len(value) <= high:
            if low:
                self.add_error(where, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
            else:
                self.add_error(where, "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")
            return []
        return value

    def check_objects(
        self, where: FieldPath, value: Any, low: int, high: int, *, required: bool = False
    ) -> list[dict[str, Any]]:
        """Check a list of `low` to `high` JSON objects; other items are reported and left out."""
        checked: list[dict[str, Any]] = []
        for place, item in enumerate(self.check_items(where, value, low, high, required=required)):
            if isinstance(item, dict):
                checked.append(item)
            else:
                self.add_error((*where, place), "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return checked
