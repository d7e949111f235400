"""Numbers of a spreadsheet are written as its cells show them: dates, times, percentages, whole numbers.

https://learn.microsoft.com/openspecs/office_standards/ms-oe376/0e59abdb-7f4e-48fc-9b89-67832fa11789
"""

import math
import re
from datetime import datetime, timedelta
from typing import Final

_GENERAL: Final = "General"
_BUILT_IN_DATES: Final = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
_BUILT_IN_FORMATS: Final = {9: "0%", 10: "0.00%"}
_LITERALS: Final = re.compile(r'"[^"]*"|\\.|[_*].|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_DATE_LETTERS: Final = re.compile("[dmyhs]", re.IGNORECASE)
_PADDED: Final = re.compile("0{2,20}")
_LEAP_DAY: Final = 60
"""The number of 29 February 1900, which did not exist: days before it count from a day later."""

_MAX_WHOLE: Final = 1e15
_DAY: Final = timedelta(days=1)


class CellFormats:
    """The number formats of a workbook, by the styles of its cells."""

    def __init__(self) -> None:
        self.codes: dict[int, str] = {}
        self.style_formats: list[int] = []
        self.counts_from_1904 = False

    def format_number(self, written: str, style: int) -> str:
        """Write the number of a cell; a text that is no finite number stays as it is."""
        try:
            number = float(written)
        except ValueError:
            return written
        if not math.isfinite(number):
            return written
        format_id = self.style_formats[style] if 0 <= style < len(self.style_formats) else 0
        code = self.codes.get(format_id) or _BUILT_IN_FORMATS.get(format_id, _GENERAL)
        if code == _GENERAL and format_id not in _BUILT_IN_DATES:
            return format_plain_number(number)
        return self._apply_format(number, code, is_date=format_id in _BUILT_IN_DATES and format_id not in self.codes)

    def _apply_format(self, number: float, code: str, *, is_date: bool) -> str:
        shown = _LITERALS.sub("", code.partition(";")[0])
        if is_date or (shown != _GENERAL and _DATE_LETTERS.search(shown)):
            return self._format_date(number)
        if "%" in shown:
            return f"{format_plain_number(number * 100)}%"
        if _PADDED.fullmatch(shown) and number >= 0 and number.is_integer():
            return format_plain_number(number).zfill(len(shown))
        return format_plain_number(number)

    def _format_date(self, number: float) -> str:
        """Write a day as in ISO 8601, and a time of less than a day as hours, minutes and perhaps seconds."""
        epoch = datetime(1904, 1, 1) if self.counts_from_1904 else datetime(1899, 12, 30)  # noqa: DTZ001  # no zone
        if not self.counts_from_1904 and number < _LEAP_DAY:
            epoch += _DAY
        try:
            moment = epoch + timedelta(seconds=round(number * _DAY.total_seconds()))
        except OverflowError:
            return format_plain_number(number)
        time = "" if moment.time() == datetime.min.time() else f"{moment:%H:%M:%S}".removesuffix(":00")
        if 0 <= number < 1:
            return time or "00:00"
        return f"{moment:%Y-%m-%d} {time}".strip() if number >= 0 else format_plain_number(number)


def format_plain_number(number: float) -> str:
    """Write a number with the 15 digits that Excel has, a whole one without decimals."""
    if number.is_integer() and abs(number) < _MAX_WHOLE:
        return str(int(number))
    return f"{number:.15g}"
