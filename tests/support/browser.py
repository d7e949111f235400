"""The path of Chromium, and its arguments on a machine without a screen."""

import os
import shutil

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
WHY_SKIPPED = "There is no chromium on the PATH (nor in CHROMIUM): install it to test the chat page."
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
