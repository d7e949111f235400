"""The bot's command line beside a running stack."""

import contextlib
import io
import os
from subprocess import CompletedProcess
from unittest.mock import patch

from discord.http import Route

from bot.__main__ import main
from demo.stack import Stack


def run_bot_command(stack: Stack, *arguments: str) -> "CompletedProcess[str]":
    """Run `python -m bot` with the settings of a stack in this process, which has imported the bot already."""
    output, errors = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, stack.environment, clear=True),
        patch.object(Route, "BASE", Route.BASE),
        patch("bot.__main__.configure_logging"),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
    ):
        code = main(arguments)
    return CompletedProcess(arguments, code, output.getvalue(), errors.getvalue())
