"""The path of a request, as an HTTP API hands it to a function.

Faithful, by captures from a live API: escapes are decoded twice; between the two a `?` and what follows it are cut off,
while the query string stays as it was sent; a `%` that begins no escape after the first decoding gives 400.
Not known: the body of that 400; what an escape gives that is none as it was sent, or none of UTF-8 (here 400, too);
whether the route is chosen before the second decoding, and what the path parameters are then (here both are of the path
that the function sees); what becomes of dot segments and of several slashes in a row (here they are passed on).
https://github.com/hotsock/voker/blob/main/vokerhttp/testdata/ingress-paths.json
"""

import re
from urllib.parse import unquote_to_bytes

_NO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class BadPathError(Exception):
    """An HTTP API refuses the path, with 400."""


def handed_on(raw_path: str) -> str:
    """What the function sees of a path, given as it was sent; raises BadPathError."""
    return _decoded(_decoded(raw_path).partition("?")[0])


def _decoded(path: str) -> str:
    if _NO_ESCAPE.search(path):
        raise BadPathError(f"{path!r} has a % that begins no escape")
    try:
        return unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        raise BadPathError(f"the escapes of {path!r} are no UTF-8") from None
