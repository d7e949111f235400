"""Field errors of an "Invalid Form Body" (50035), gathered as the tree that Discord answers with.

https://discord.com/developers/docs/reference#error-messages
"""

from typing import Any

from demo.discord.errors import Refusal

Where = tuple[str | int, ...]


class Form:
    """The checks of one request body; every fault is kept so that all are told at once."""

    def __init__(self) -> None:
        self.tree: dict[str, Any] = {}

    def fault(self, where: Where, code: str, message: str) -> None:
        """Note one fault of the field at the given place."""
        node = self.tree
        for step in where:
            node = node.setdefault(str(step), {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def refuse_if_faulty(self) -> None:
        """Raise Refusal 50035 with all faults, if there are any."""
        if self.tree:
            raise Refusal(50035, errors=self.tree)

    def text(self, where: Where, value: Any, low: int, high: int, *, required: bool = False) -> str | None:
        """Check a string of low to high characters; return it, or None when it is absent or faulty."""
        if value is None:
            if required:
                self.fault(where, "BASE_TYPE_REQUIRED", "This field is required")
            return None
        if not isinstance(value, str):
            self.fault(where, "STRING_TYPE_CONVERT", f'Could not interpret "{value}" as string.')
            return None
        if required and low and not value:
            self.fault(where, "BASE_TYPE_REQUIRED", "This field is required")
            return None
        if not low <= len(value) <= high:
            if low:
                self.fault(where, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
            else:
                self.fault(where, "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")
            return None
        return value

    def number(
        self,
        where: Where,
        value: Any,
        low: float | None = None,
        high: float | None = None,
        *,
        whole: bool = True,
        required: bool = False,
    ) -> float | None:
        """Check a number (an integer unless whole is False) between low and high; None when absent or faulty."""
        if value is None:
            if required:
                self.fault(where, "BASE_TYPE_REQUIRED", "This field is required")
            return None
        kind = "int" if whole else "float"
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            self.fault(where, "NUMBER_TYPE_COERCE", f'Value "{value}" is not {kind}.')
            return None
        number: float = value
        if low is not None and number < low:
            self.fault(where, "NUMBER_TYPE_MIN", f"{kind} value should be greater than or equal to {low}.")
            return None
        if high is not None and number > high:
            self.fault(where, "NUMBER_TYPE_MAX", f"{kind} value should be less than or equal to {high}.")
            return None
        return number

    def choice(self, where: Where, value: Any, allowed: tuple[Any, ...], *, required: bool = False) -> Any:
        """Check that a value is one of those allowed; None when absent or faulty."""
        if value is None:
            if required:
                self.fault(where, "BASE_TYPE_REQUIRED", "This field is required")
            return None
        if isinstance(value, bool) != isinstance(allowed[0], bool) or value not in allowed:
            self.fault(where, "BASE_TYPE_CHOICES", f"Value must be one of {{{', '.join(map(str, allowed))}}}.")
            return None
        return value

    def flag(self, where: Where, value: Any) -> bool:
        """Check a boolean that may be absent (False)."""
        if value is None:
            return False
        if not isinstance(value, bool):
            self.fault(where, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
            return False
        return value

    def items(self, where: Where, value: Any, low: int, high: int, *, required: bool = False) -> list[Any]:
        """Check a list of low to high items; an empty list when it is absent or faulty."""
        if value is None:
            if required:
                self.fault(where, "BASE_TYPE_REQUIRED", "This field is required")
            return []
        if not isinstance(value, list):
            self.fault(where, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return []
        if not low <= len(value) <= high:
            if low:
                self.fault(where, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
            else:
                self.fault(where, "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")
            return []
        return value

    def objects(self, where: Where, value: Any, low: int, high: int, *, required: bool = False) -> list[dict[str, Any]]:
        """Check a list of low to high JSON objects; those that are none are told and left out."""
        kept: list[dict[str, Any]] = []
        for place, item in enumerate(self.items(where, value, low, high, required=required)):
            if isinstance(item, dict):
                kept.append(item)
            else:
                self.fault((*where, place), "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return kept
