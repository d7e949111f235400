"""The documentation's tables, made from the code: `python -m tests.architecture.docs_tables` writes them again."""

import functools
import importlib
import inspect
import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import bot
import shared
import worker
from bot.batches.reading.columns import FORMAT_COLUMN, KNOWN_COLUMNS, list_column_names
from bot.batches.reading.file_names import MAX_NAME_LENGTH
from bot.batches.reading.limits import (
    MAX_ARCHIVE_BYTES,
    MAX_ARCHIVE_ENTRIES,
    MAX_BRACES,
    MAX_CELL_LENGTH,
    MAX_COLUMNS,
    MAX_LINES,
    MAX_TABLE_BYTES,
    MAX_XML_BYTES,
)
from bot.domain.batches import MAX_ITEMS
from bot.metrics.definitions import BOT_METRICS
from bot.settings import Settings as BotSettings
from bot.storage.tables import metadata
from shared.catalogue import FieldSpec, Model, load_catalogue
from shared.foreign_syntax.midjourney import PARAMETERS, convert_image_weight
from shared.i18n.messages import load_messages
from shared.metrics.definition import MetricDefinition
from shared.problems import make_problem
from shared.queue.schema import REDIS_KEYS
from shared.settings_reader import describe_settings
from worker.metrics.definitions import WORKER_METRICS
from worker.settings import Settings as WorkerSettings

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
DOCS = ROOT / "docs"


def list_pages() -> list[Path]:
    """List the pages that may hold tables."""
    return sorted(DOCS.rglob("*.md"))


@functools.cache
def build_tables() -> dict[str, str]:
    """Give every table by its name in the pages."""
    return {
        "models": build_models_table(),
        "fields": build_fields_table(lambda model: model.task != "edit"),
        "edit_fields": build_fields_table(lambda model: model.task == "edit"),
        "parameters": build_parameters_table(),
        "weights": build_image_weights_table(),
        "settings": build_settings_table(),
        "words": build_fault_words_table(),
        "redis": build_redis_tables(),
        "sql": build_sql_tables(),
        "errors": build_errors_table(),
        "batch_columns": build_batch_columns_table(),
        "batch_limits": build_batch_limits_table(),
        "metrics_bot": build_metrics_table(BOT_METRICS),
        "metrics_worker": build_metrics_table(WORKER_METRICS),
    }


def insert_tables(text: str) -> str:
    """Put the tables between their markers."""
    tables = build_tables()
    between = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
    return between.sub(lambda found: f"{found[1]}{tables[found[2]]}\n{found[3]}", text)


def build_models_table() -> str:
    header = ("Model", "Key", "Task", "Bedrock id", "Regions", "USD per image", "Source image", "End of life")
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


def build_fields_table(is_listed: Callable[[Model], bool]) -> str:
    models = [model for model in load_catalogue() if is_listed(model)]
    names = list(dict.fromkeys(name for model in models for name in model.fields))
    return _format_table(
        ("Field", *(m.name for m in models)),
        ((f"`{n}`", *(_format_field_spec(m.fields.get(n)) for m in models)) for n in names),
    )


def build_parameters_table() -> str:
    """List Midjourney's parameters: those that fill an option, then the others with the advice that is given."""
    messages = load_messages("en")
    meanings: dict[str, list[str]] = {}
    for parameter in sorted(PARAMETERS, key=lambda parameter: parameter.field is None):
        names = [f"--{name}" for name in parameter.names]
        problem = make_problem(parameter.code, parameter=names[0])
        option = f"the option `{messages.get_option_name(parameter.field)}`" if parameter.field else ""
        meanings.setdefault(option or messages.format_problem(problem).partition("” ")[2], []).extend(names)
    return _format_table(
        ("Parameter", "Here"),
        ((", ".join(f"`{name}`" for name in names), meaning) for meaning, names in meanings.items()),
    )


def build_image_weights_table() -> str:
    weights = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
    return _format_table(
        ("`--iw`", *(f"{weight:g}" for weight in weights)),
        [("`keep`", *(f"{convert_image_weight(weight):g} %" for weight in weights))],
    )


def build_settings_table() -> str:
    written: dict[str, list[str]] = {}
    for half, kind in (("bot", BotSettings), ("worker", WorkerSettings)):
        for name, default, description in describe_settings(kind):
            shown = f"`{default}`".replace(",", "`, `") if default else ""
            written.setdefault(f"`{name}`", [shown, description, ""])[2] += f" {half}"
    return _format_table(
        ("Setting", "Default", "Meaning", "Read by"), ((name, *cells) for name, cells in written.items())
    )


def build_fault_words_table() -> str:
    """List the stand-in's words; a process of its own, because no test imports demo beside the product."""
    code = "import json; from demo.standins.bedrock.faults import FAULTS; print(json.dumps(dict(FAULTS)))"
    listed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return _format_table(("Word", "Effect"), ((f"`[{name}]`", says) for name, says in json.loads(listed).items()))


def build_redis_tables() -> str:
    """List the Redis keys, then the fields of each hash and stream under a heading of its own."""
    keys = _format_table(
        ("Key", "Type", "Contents", "Expires after"),
        ((f"`{key.pattern}`", key.type, key.contents, key.ttl or "") for key in REDIS_KEYS),
    )
    fields = (
        f"## Fields of `{key.pattern}`\n\n"
        + _format_table(("Field", "Meaning"), ((f"`{name}`", meaning) for name, meaning in key.fields.items()))
        for key in REDIS_KEYS
        if key.fields
    )
    return "\n\n".join((keys, *fields))


def build_sql_tables() -> str:
    """Describe each SQL table under a heading of its own."""
    return "\n\n".join(
        f"## {table.name}\n\n"
        + _format_table(
            ("Column", "Type", "Key", "Meaning"),
            (
                (
                    f"`{column.name}`",
                    column.type,
                    ", ".join(
                        ["primary key"] * column.primary_key
                        + [f"→ `{key.target_fullname}`" for key in column.foreign_keys]
                        + ["optional"] * bool(column.nullable)
                    ),
                    column.comment or "",
                )
                for column in table.columns
            ),
        )
        for table in metadata.sorted_tables
    )


def build_errors_table() -> str:
    """List the exceptions of the three packages, each under its base class."""
    found = sorted(
        {kind for package in (shared, bot, worker) for kind in _list_exceptions(package)},
        key=lambda kind: (_get_ancestors(kind), kind.__module__),
    )
    return _format_table(
        ("Exception", "Module", "Meaning"),
        (
            (
                f"{'&emsp;' * (len(_get_ancestors(kind)) - 1)}`{kind.__name__}`",
                f"`{kind.__module__}`",
                " ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split()),
            )
            for kind in found
        ),
    )


def build_batch_columns_table() -> str:
    """List the columns of a batch's table under each of their names."""
    messages = load_messages("en")
    own_meanings = {
        "image": "The name of the picture that the row starts from. Empty: words alone.",
        "count": "How many pictures the row makes (default 1). The first has the seed of the row.",
        "name": "The name of the file that is made (default: that of the picture, or the first words of the prompt)",
        "note": "A note for whoever reviews the picture",
        FORMAT_COLUMN: "`png`, `jpeg` or `webp`: the file format. `16:9`: as `aspect`.",
    }
    return _format_table(
        ("Column", "Meaning"),
        (
            (
                ", ".join(f"`{name}`" for name in list_column_names(column)),
                own_meanings.get(column) or messages.text(f"option.{column}.description"),
            )
            for column in KNOWN_COLUMNS
        ),
    )


def build_metrics_table(metrics: Iterable[MetricDefinition]) -> str:
    """List the metrics of a half, with their labels."""
    return _format_table(
        ("Metric", "Type", "Labels", "Meaning"),
        ((f"`{m.full_name}`", m.kind, ", ".join(f"`{name}`" for name in m.labels), m.documentation) for m in metrics),
    )


def build_batch_limits_table() -> str:
    """List the limits on the files of a batch."""
    return _format_table(
        ("Limit", "Value"),
        (
            ("Pictures that a batch makes", MAX_ITEMS),
            ("Rows of a table, empty ones included", f"{MAX_LINES:,}"),
            ("Columns of a table", MAX_COLUMNS),
            ("Characters of a cell, and of a prompt with its columns filled in", f"{MAX_CELL_LENGTH:,}"),
            ("Columns and lists in a prompt", MAX_BRACES),
            ("Size of a table", f"{MAX_TABLE_BYTES >> 20} MB; unpacked, of an XLSX file, {MAX_XML_BYTES >> 20} MB"),
            ("Files in a ZIP file", f"{MAX_ARCHIVE_ENTRIES:,}; unpacked {MAX_ARCHIVE_BYTES >> 30} GB in all"),
            ("Characters of a file's name", MAX_NAME_LENGTH),
        ),
    )


def _list_exceptions(package: object) -> Iterator[type[BaseException]]:
    name, path = package.__name__, package.__path__  # type: ignore[attr-defined]
    for module in pkgutil.walk_packages(path, f"{name}."):
        if "migrations" in module.name or module.name == "worker.celery":  # these run when they are imported
            continue
        for kind in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(kind) and issubclass(kind, BaseException) and kind.__module__ == module.name:
                if kind.__name__.startswith("_"):  # a module's own
                    continue
                yield kind


def _get_ancestors(kind: type[BaseException]) -> tuple[str, ...]:
    """Name an exception's ancestors of ours, the farthest first, and itself."""
    ours = [base.__name__ for base in kind.__mro__ if base.__module__.partition(".")[0] in {"bot", "shared", "worker"}]
    return tuple(reversed(ours))


def _format_field_spec(spec: FieldSpec | None) -> str:
    if spec is None:
        return ""
    parts = []
    if spec.limit:
        weights = ", weights" if spec.weights else ", (word:weight)" if spec.emphasis else ""
        parts.append(f"{spec.limit} characters{weights}")
        parts += ["required"] if spec.required else ["optional"] if spec.optional else []
        parts += [] if spec.negative else ["no negative prompt"]
    if spec.minimum is not None and spec.maximum is not None:
        parts.append(f"{spec.minimum:.12g} to {spec.maximum:.12g}")
    if spec.choices:
        parts.append(f"{len(spec.choices)} choices" + (", as words of the prompt" if spec.words else ""))
    if spec.default is not None:
        parts.append(f"default {spec.default if isinstance(spec.default, str) else f'{spec.default:g}'}")
    return ", ".join(parts) or "yes"


def _format_table(header: Iterable[str], lines: Iterable[Iterable[object]]) -> str:
    return "\n".join(_lines(tuple(header), lines))


def _lines(header: tuple[str, ...], lines: Iterable[Iterable[object]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"| {' | '.join('---' for _ in header)} |"
    for line in lines:
        yield f"| {' | '.join(str(cell).strip().replace('|', chr(92) + '|') for cell in line)} |"


if __name__ == "__main__":
    for page in list_pages():
        page.write_text(insert_tables(page.read_text()))
