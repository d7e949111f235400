"""How Sphinx builds this folder into a site: `make docs`. Nothing in it is fetched from another host."""  # noqa: INP001 - Sphinx reads this file by its path

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

project = "Pentimento"
author = "the Pentimento contributors"
release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = True  # `make docs` turns every warning into an error
myst_heading_anchors = 3  # links may name a heading, and are checked

highlight_language = "none"  # a block without a language is no Python

html_theme = "furo"
html_title = f"Pentimento {release}"
html_favicon = "_static/icon.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_theme_options = {"navigation_with_keys": False}
