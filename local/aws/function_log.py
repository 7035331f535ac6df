"""What a function writes to stdout and stderr, line by line."""

import asyncio
import re
from collections.abc import Callable

WriteLine = Callable[[str, str], None]
"""write_line(function name, line without its end)."""

MAX_LINE_BYTES = 256 * 1024  # CloudWatch's limit of a log event; a longer line is cut into several
# awslambdaric ends the lines of a traceback with \r, so that CloudWatch keeps them in one event.
_LINE_END = re.compile(rb"\r\n|\n|\r")


def print_line(name: str, line: str) -> None:
    """Print the line behind the function's name."""
    print(f"[{name}] {line}", flush=True)


async def forward_lines(stream: asyncio.StreamReader, name: str, write_line: WriteLine) -> None:
    """Hand each line to `write_line` until the stream ends. What is not UTF-8 is shown as U+FFFD."""
    rest = b""
    while chunk := await stream.read(65536):
        # A \r at the very end may be half of \r\n: it stays until more comes.
        *lines, rest = _LINE_END.split(rest + chunk) if not chunk.endswith(b"\r") else [rest + chunk]
        if len(rest) > MAX_LINE_BYTES:
            lines, rest = [*lines, rest], b""
        for line in lines:
            write_line(name, line.decode("utf-8", "replace"))
    for line in _LINE_END.split(rest):
        if line:
            write_line(name, line.decode("utf-8", "replace"))
