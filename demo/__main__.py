"""`python -m demo`: start everything on loopback, generate a first image, and keep the chat page open.

With --once it generates the image, stops everything and prints one line of JSON. No account or key is needed.
"""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from demo import DemoError
from demo.certificate import write_certificate
from demo.first_picture import FirstPicture, make_first_picture, wait_until_ready
from demo.redis import find_free_port, is_port_free
from demo.stack import Stack, run_stack

SAMPLE_IMAGE = Path(__file__).parent / "samples" / "lake.jpg"
DEFAULT_PORT = 8080
DEFAULT_PROMPT = "the same lake as a watercolour, first snow on the mountains"


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--once", action="store_true", help="generate one image, stop everything, and print one line of JSON"
    )
    parser.add_argument("--image", type=Path, default=SAMPLE_IMAGE, help="the source image (default: a bundled sample)")
    parser.add_argument("--prompt", default=DEFAULT_PROMPT, help="the prompt")
    parser.add_argument("--model", help="a model of shared/catalogue.toml (default: the catalogue's default)")
    parser.add_argument(
        "--record",
        type=Path,
        help="record every request to Discord's REST API and its response, one JSON object per line",
    )
    parser.add_argument(
        "--port", type=int, help=f"the chat page's port (default: {DEFAULT_PORT}, or a free one if it is taken)"
    )
    parser.add_argument(
        "--folder", type=Path, default=Path(".demo"), help="folder for logs and images (default: .demo)"
    )
    return parser


def main(arguments: Sequence[str]) -> int:
    """Run the demo; the answer is the exit code: 0, or 1 after an error message."""
    options = build_parser().parse_args(arguments)
    if not options.image.is_file():
        print(f"There is no image at {options.image}. Check the path in IMAGE.", file=sys.stderr)
        return 1
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _raise_interrupt)
    port = options.port or (DEFAULT_PORT if not options.once and is_port_free(DEFAULT_PORT) else find_free_port())
    try:
        signing = write_certificate(options.folder / "certificate")
        with run_stack(options.folder / "logs", port=port, record=options.record, settings=signing) as stack:
            picture = _make_first_picture(stack, options)
            if not options.once:
                _keep_running(stack, picture)
        print(picture.as_json())
    except KeyboardInterrupt:
        print("\nStopped.")
    except (DemoError, TimeoutError) as error:
        print(f"No image was generated.\n{error}", file=sys.stderr)
        return 1
    return 0


def _make_first_picture(stack: Stack, options: argparse.Namespace) -> FirstPicture:
    wait_until_ready(stack)
    print(f"The chat page is at {stack.discord_url}/?user=ada (as a second user: ?user=ben)", flush=True)
    picture = make_first_picture(stack, options.image, options.prompt, options.model, options.folder / "pictures")
    print(f"The first image is ready, with seed {picture.seed}: {picture.file}", flush=True)
    return picture


def _keep_running(stack: Stack, picture: FirstPicture) -> None:
    print(f"See it in the channel, or full in its thread: {stack.discord_url}/?user=ada&channel={picture.thread}")
    print("Type /imagine there and attach an image of your own. Ctrl-C stops everything.", flush=True)
    while True:
        stack.check_running()
        time.sleep(1)


def _raise_interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
