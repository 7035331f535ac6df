"""A part of a file, as a browser asks for it to play a video: RFC 9110, section 14.

Safari plays no video of a server without ranges, and Chromium cannot wind one back.

Not faithful: of several ranges at once none is answered, so the whole file is sent, as a server may.
"""

import re
from http import HTTPStatus

_RANGE = re.compile(rb"bytes=(\d*)-(\d*)")


def part(body: bytes, asked: bytes | None) -> tuple[HTTPStatus, bytes, bytes]:
    """The status, the Content-Range (empty for the whole) and the content for a Range header, None if there is none."""
    found = _RANGE.fullmatch(asked.strip()) if asked else None
    if found is None or found[0] == b"bytes=-":
        return HTTPStatus.OK, b"", body
    first, last = found[1], found[2]
    if first:
        start, end = int(first), min(int(last) if last else len(body), len(body) - 1)
        if last and int(last) < start:
            return HTTPStatus.OK, b"", body
    else:
        start, end = max(0, len(body) - int(last)), len(body) - 1
    if start > end:
        return HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, b"bytes */%d" % len(body), b""
    return HTTPStatus.PARTIAL_CONTENT, b"bytes %d-%d/%d" % (start, end, len(body)), body[start : end + 1]
