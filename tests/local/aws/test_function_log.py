"""Lines out of whatever a process writes."""

import asyncio

import pytest

from local.aws.function_log import MAX_LINE_BYTES, forward_lines, print_line


async def lines_of(*chunks: bytes) -> list[str]:
    stream = asyncio.StreamReader()
    lines: list[str] = []
    forwarding = asyncio.create_task(forward_lines(stream, "f", lambda _, line: lines.append(line)))
    for chunk in chunks:
        stream.feed_data(chunk)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    stream.feed_eof()
    await forwarding
    return lines


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        ([b"a\nb\n"], ["a", "b"]),
        ([b"a", b"b\nc", b"d"], ["ab", "cd"]),
        ([b"a\n\nb\n"], ["a", "", "b"]),
        ([b"error\rtrace 1\rtrace 2\n"], ["error", "trace 1", "trace 2"]),
        ([b"a\r", b"\nb\n"], ["a", "b"]),
        ([b"\xc3", b"\xa9 \xff\n"], ["é \ufffd"]),
        ([], []),
    ],
)
async def test_lines_are_cut_where_they_end(chunks: list[bytes], lines: list[str]) -> None:
    assert await lines_of(*chunks) == lines


async def test_a_line_without_an_end_is_cut_into_several() -> None:
    written = b"x" * (3 * MAX_LINE_BYTES)
    lines = await lines_of(*(written[at : at + 50_000] for at in range(0, len(written), 50_000)))
    assert len(lines) > 1
    assert "".join(lines).encode() == written


def test_by_default_lines_are_printed_behind_the_functions_name(capsys: pytest.CaptureFixture[str]) -> None:
    print_line("relay", "sent 3 frames")
    assert capsys.readouterr().out == "[relay] sent 3 frames\n"
