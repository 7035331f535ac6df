"""CloudFront in front of the WebSocket API: the path form of a room's address becomes the query form.

API Gateway takes nothing after the stage, so on AWS a viewer-request function rewrites
`/websocket/{activityId}/{username}` to `/websocket?activityId=…&username=…`. This does the same. Parameters
of those two names in the query itself are dropped: the path speaks. All others stay, in their order.
"""

from urllib.parse import quote, unquote_to_bytes


def rewrite(path: str, query: str, *, stage: str) -> tuple[str, str]:
    """`path` and `query` as on the wire (percent-encoded); returned as they were unless in the path form."""
    parts = path.split("/")
    if len(parts) != 4 or parts[0] or parts[1] != stage or not parts[2] or not parts[3]:
        return path, query
    if unquote_to_bytes(parts[2]) == b"@connections":
        return path, query
    named = [f"{name}={_requote(part)}" for name, part in zip(("activityId", "username"), parts[2:], strict=True)]
    others = [pair for pair in query.split("&") if pair and _name(pair) not in (b"activityId", b"username")]
    return f"/{stage}", "&".join([*named, *others])


def _requote(segment: str) -> str:
    # A `+` or `&` is itself in a path and something else in a query.
    return quote(unquote_to_bytes(segment), safe="")


def _name(pair: str) -> bytes:
    return unquote_to_bytes(pair.partition("=")[0].replace("+", " "))
