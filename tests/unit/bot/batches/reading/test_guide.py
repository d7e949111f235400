"""The examples of the guide's page on tables do as the page says."""

import re
from pathlib import Path

from bot.batches.reading.templates import parse_template
from tests.support.batch_tables import PICTURES, list_items, read_table

PAGE = Path(__file__).parents[5] / "docs" / "guide" / "batch-tables.md"
COUNTS = {"a prompt": 1, "one": 1, "two": 2, "three": 3, "four": 4}


def test_the_table_of_the_guide_is_read_as_it_says() -> None:
    [table] = re.findall(r"```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)

    assert list_items(read_table(table.encode(), pictures=PICTURES)) == [
        *[(2, "fox.png", "a fox in fog, watercolour")] * 2,
        (3, "owl.png", "an owl in rain"),
        (4, None, "a castle in fog"),
    ]


def test_each_prompt_of_the_guide_makes_as_many_as_it_says() -> None:
    _, _, section = PAGE.read_text(encoding="utf-8").partition("## Prompts with columns and lists")
    examples = re.findall(r"^\| `([^`]+)` \| (a prompt|\w+)", section, re.MULTILINE)

    assert len(examples) == 6
    for prompt, count in examples:
        template = parse_template(prompt.replace("\\|", "|"))  # in a table of Markdown, a bar has a backslash
        assert template.count_prompts() == COUNTS[count], prompt
