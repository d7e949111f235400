"""Runs axe-core in a page, with every rule, in both themes and at both widths."""

import json
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Page

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
EXTRA_RULES = ("target-size", "css-orientation-lock", "label-content-name-mismatch", "p-as-heading")
RULES = json.dumps({name: {"enabled": True} for name in EXTRA_RULES})
RUN_SCRIPT = f"axe.run({{ resultTypes: ['violations'], rules: {RULES} }})"
"""All rules that axe enables by default, including best practices, and EXTRA_RULES. The experimental rule
focus-order-semantics is left out, as it contradicts scrollable-region-focusable."""


def find_violations(page: Page) -> list[str]:
    """Return each violation: rule, impact, element and reason."""
    page.wait_for_timeout(300)  # wait for animations: half-faded text has too little contrast
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate(RUN_SCRIPT)
    return [
        f"{rule['id']} ({rule['impact']}): {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


APPEARANCES = [(scheme, width) for width in (1280, 420) for scheme in ("dark", "light")]


def find_violations_as(page: Page, color_scheme: Any, width: int) -> list[str]:
    """Return the violations in a colour scheme and at a width in CSS pixels."""
    page.emulate_media(color_scheme=color_scheme)
    page.set_viewport_size({"width": width, "height": 800})
    return find_violations(page)
