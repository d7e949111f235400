"""The README's tables, made from the code: `python -m tests.architecture.readme_tables` writes them again."""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from bot.settings import Settings as BotSettings
from shared.catalogue import FieldSpec, load_catalogue
from shared.settings import describe_settings
from worker.settings import Settings as WorkerSettings

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"


def build_tables() -> dict[str, str]:
    """Give every table by its name in the README."""
    return {
        "models": build_models_table(),
        "fields": build_fields_table(),
        "settings": build_settings_table(),
        "words": build_fault_words_table(),
    }


def insert_tables(text: str) -> str:
    """Put the tables between their markers."""
    made = build_tables()
    between = re.compile(r"(<!-- table: (\w+) -->\n).*?(\n<!-- end -->)", re.DOTALL)
    return between.sub(lambda found: f"{found[1]}{made[found[2]]}{found[3]}", text)


def build_models_table() -> str:
    header = ("Model", "Key", "Task", "Bedrock id", "Regions", "$ a picture", "Picture in", "Until")
    return _format_table(
        header,
        (
            (
                m.name,
                f"`{m.key}`",
                m.task,
                f"`{m.id}`",
                ", ".join(m.regions),
                f"{m.price_usd:.2f}",
                m.picture,
                m.end_of_life or "",
            )
            for m in load_catalogue()
        ),
    )


def build_fields_table() -> str:
    catalogue = load_catalogue()
    names = list(dict.fromkeys(name for model in catalogue for name in model.fields))
    return _format_table(
        ("Field", *(m.name for m in catalogue)),
        ((f"`{n}`", *(_format_field_spec(m.fields.get(n)) for m in catalogue)) for n in names),
    )


def build_settings_table() -> str:
    written: dict[str, list[str]] = {}
    for half, kind in (("bot", BotSettings), ("worker", WorkerSettings)):
        for name, default, description in describe_settings(kind):
            written.setdefault(f"`{name}`", [f"`{default}`" if default else "", description, ""])[2] += f" {half}"
    return _format_table(
        ("Setting", "Default", "Meaning", "Read by"), ((name, *cells) for name, cells in written.items())
    )


def build_fault_words_table() -> str:
    """List the stand-in's words; a process of its own, because no test imports demo beside the product."""
    code = "import json; from demo.standins.bedrock.faults import FAULTS; print(json.dumps(dict(FAULTS)))"
    listed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return _format_table(
        ("Word", "What the stand-in does"), ((f"`[{name}]`", says) for name, says in json.loads(listed).items())
    )


def _format_field_spec(spec: FieldSpec | None) -> str:
    if spec is None:
        return ""
    parts = []
    if spec.limit:
        parts.append(f"{spec.limit} characters" + (", weights" if spec.weights else ""))
    if spec.minimum is not None and spec.maximum is not None:
        parts.append(f"{spec.minimum:.12g} to {spec.maximum:.12g}")
    if spec.choices:
        parts.append(f"{len(spec.choices)} choices")
    if spec.default is not None:
        parts.append(f"default {spec.default if isinstance(spec.default, str) else f'{spec.default:g}'}")
    return ", ".join(parts) or "yes"


def _format_table(header: Iterable[str], lines: Iterable[Iterable[object]]) -> str:
    return "\n".join(_format_lines(tuple(header), lines))


def _format_lines(header: tuple[str, ...], lines: Iterable[Iterable[object]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"| {' | '.join('---' for _ in header)} |"
    for line in lines:
        yield f"| {' | '.join(str(cell).strip().replace('|', chr(92) + '|') for cell in line)} |"


if __name__ == "__main__":
    README.write_text(insert_tables(README.read_text()))
