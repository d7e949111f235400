"""The command lines of bot and worker beside a running stack."""

import contextlib
import io
import os
from pathlib import Path
from subprocess import CompletedProcess
from unittest.mock import patch

from discord.http import Route

import worker.__main__
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


def run_worker_command(stack: Stack, folder: Path, *arguments: str) -> "CompletedProcess[str]":
    """Run `python -m worker` with the settings of a stack in this process, in a folder without a `.env`."""
    output, errors = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, stack.environment, clear=True),
        contextlib.chdir(folder),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
    ):
        try:
            code = worker.__main__.main(arguments)
        except SystemExit as error:  # argparse ends a process
            code = int(error.code or 0)
    return CompletedProcess(arguments, code, output.getvalue(), errors.getvalue())
