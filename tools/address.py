"""The addresses of rooms: which are valid, and how a viewer connects to one."""

import argparse
from urllib.parse import parse_qsl, urlencode, urlsplit

from websockets.typing import Subprotocol

from functions.rooms.identity import SUBPROTOCOL
from tools.parser import Check
from tools.wrong_address import TWIN, meant


def address(*schemes: str) -> Check:
    """A check: a URL of one of these schemes, with nothing in it that a request to it could not carry."""

    def check(text: str) -> str:
        try:
            parts = urlsplit(text)
            parts.port  # noqa: B018  reading it checks it
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None
        if parts.scheme not in schemes or not parts.hostname:
            scheme = " or ".join(f"{scheme}://" for scheme in schemes)
            raise argparse.ArgumentTypeError(f"{text!r} is not a {scheme} address{meant(text, *schemes)}")
        if parts.username is not None or parts.fragment or not text.isascii() or not text.isprintable() or " " in text:
            raise argparse.ArgumentTypeError(f"{text!r} has a user, a fragment, white space or other characters")
        return text

    return check


class Elsewhere(Exception):
    """The rooms' other API is not at this host."""


def beside(url: str, path: str) -> str:
    """The rooms' other API: of the WebSocket API at `url` the HTTP API, and the other way round. `path` is the other's.

    The emulator has both at one host, and so has a stage with a domain or CloudFront. Raises Elsewhere for API
    Gateway's own hosts, of which each API has one.
    """
    parts = urlsplit(url)
    if ".execute-api." in f".{parts.hostname}.":
        raise Elsewhere(parts.hostname)
    return parts._replace(scheme=TWIN[parts.scheme], path=f"/{path}", query="").geturl()


def viewer_url(url: str, activity_id: int, username: str, **others: str) -> str:
    """Where a viewer of a room connects to. The query of `url` is kept."""
    own = {"activityId": str(activity_id), "username": username, **others}
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in own]
    return parts._replace(query=urlencode([*kept, *own.items()])).geturl()


def subprotocols(framing: str, token: str | None) -> list[Subprotocol] | None:
    """What a viewer offers: the framing, unless it is the one without a name, and its token; None for nothing."""
    offered = [framing] if framing == SUBPROTOCOL else []
    return [Subprotocol(name) for name in (*offered, *([f"bearer.{token}"] if token else []))] or None
