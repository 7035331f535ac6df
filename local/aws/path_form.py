"""The path form of a room's address, as CloudFront's viewer-request function rewrites it to the query form.

API Gateway accepts no path after the stage. So on AWS a viewer-request function rewrites
`/websocket/{activityId}/{username}` to `/websocket?activityId=…&username=…`, and this function does the same. The
query's own parameters of these two names are dropped, because the path has priority. All others stay, in their order.
"""

from urllib.parse import quote, unquote_to_bytes


def rewrite(path: str, query: str, *, stage: str) -> tuple[str, str]:
    """The query form of `path` and `query`, both percent-encoded; any other address is returned unchanged."""
    parts = path.split("/")
    if len(parts) != 4 or parts[0] or parts[1] != stage or not parts[2] or not parts[3]:
        return path, query
    if unquote_to_bytes(parts[2]) == b"@connections":
        return path, query
    named = [f"{name}={_requote(part)}" for name, part in zip(("activityId", "username"), parts[2:], strict=True)]
    others = [pair for pair in query.split("&") if pair and _name(pair) not in (b"activityId", b"username")]
    return f"/{stage}", "&".join([*named, *others])


def _requote(segment: str) -> str:
    # `+` and `&` have a meaning in a query, but none in a path.
    return quote(unquote_to_bytes(segment), safe="")


def _name(pair: str) -> bytes:
    return unquote_to_bytes(pair.partition("=")[0].replace("+", " "))
