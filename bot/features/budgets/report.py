"""A report of the ledger as a bar chart, and as CSV."""

import csv
import io
from collections.abc import Sequence

from bot.images.bar_chart import Bar, draw_bar_chart
from bot.images.canvas import RenderedImage
from bot.storage.ledger_reports import ReportLine
from shared.i18n.messages import Messages


def draw_report(names: Sequence[str], lines: Sequence[ReportLine], messages: Messages) -> RenderedImage:
    """Draw a bar for each line, with its amount. It draws and encodes, so it belongs in a thread."""
    return draw_bar_chart(
        [
            Bar(name, line.amount, messages.format_price(line.amount / 1e6))
            for name, line in zip(names, lines, strict=True)
        ]
    )


def build_csv(group: str, names: Sequence[str], lines: Sequence[ReportLine]) -> bytes:
    """Build a table with a header. Amounts are in US dollars; names cannot be read as formulas by a spreadsheet."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([group, "id", "spent_usd", "reserved_usd", "billed_calls"])
    for name, line in zip(names, lines, strict=True):
        safe_name = f"'{name}" if name[:1] in "=+-@\t\r" else name
        writer.writerow([safe_name, line.key, f"{line.spent / 1e6:.6f}", f"{line.reserved / 1e6:.6f}", line.calls])
    return text.getvalue().encode("utf-8-sig")
