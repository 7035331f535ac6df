"""What the smoke test is told on the command line."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from local.parser import Parser
from local.tools.emulator import LOOPBACK

# Where no platform's own ids are likely to be; up to 2^53-1.
OWN_ROOMS = range(2**52, 2**53)


@dataclass(frozen=True, kw_only=True)
class SmokeOptions:
    """`activity_id`: a room that nobody else uses. `patience`: how many seconds something may take to come. `secret`
    None: see `open`, or ask the emulator."""

    url: str
    api: str
    activity_id: int
    open: bool = False
    secret: str | None = None
    region: str = "us-east-1"
    origin: str | None = None
    patience: float = 30.0
    json: bool = False

    @classmethod
    def parse(cls, arguments: Sequence[str], environment: Mapping[str, str]) -> Self:
        """Ends the program with 2 for wrong arguments."""
        parser = _parser(environment)
        given = parser.parse_args(arguments)
        given.url = given.url or f"ws://{parser.emulator(environment)}/websocket"
        given.api = given.api or f"http://{parser.emulator(environment)}/api"
        for name, value, schemes in (("--url", given.url, ("ws", "wss")), ("--api", given.api, ("http", "https"))):
            if (problem := _problem(value, schemes)) is not None:
                parser.error(f"{name} {value!r}: {problem}")
        if not given.patience > 0:
            parser.error("--patience must be above 0")
        if not given.open and given.secret is None and not _is_emulators(given.url):
            parser.error(
                f"--url {given.url}: name the secret of its token keys with --secret; "
                "--open is for a stage whose auth_mode is open"
            )
        return cls(
            url=given.url,
            api=given.api.rstrip("/"),
            activity_id=random.choice(OWN_ROOMS),
            open=given.open,
            secret=given.secret,
            region=given.region,
            origin=given.origin,
            patience=given.patience,
            json=given.json,
        )


def _parser(environment: Mapping[str, str]) -> Parser:
    parser = Parser(
        "python -m local smoke",
        description="Walk every path of the rooms with two viewers, and tell the likely cause of what fails.",
        epilog="docs/smoke.md tells what the steps are. Exit status: 0 all is well, 1 it is not, 2 wrong arguments.",
    )
    parser.add_argument("--url", help="the stack's WebSocketUrl (default: ws://127.0.0.1:8000/websocket, or at PORT)")
    parser.add_argument("--api", help="its PlatformApiUrl (default: http://127.0.0.1:8000/api, or at PORT)")
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--secret", metavar="ID", help="its TokenSecretArn, to sign tokens with")
    who.add_argument("--open", action="store_true", help="the stage's auth_mode is open: no tokens")
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
    parser.add_argument("--region", default=region, help="the secret's region (default: %(default)s)")
    parser.add_argument("--origin", metavar="URL", help="connect as a page from there would")
    parser.add_argument(
        "--patience", type=float, default=30.0, metavar="SECONDS", help="for each thing to come (default: 30)"
    )
    parser.add_argument("--json", action="store_true", help="the outcome as JSON; the lines go to standard error")
    return parser


def _is_emulators(url: str) -> bool:
    """Whether an emulator on this machine can be asked for tokens."""
    parts = urlsplit(url)
    return parts.scheme == "ws" and parts.hostname in LOOPBACK


def _problem(url: str, schemes: Sequence[str]) -> str | None:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  it is read to see whether it is a number
    except ValueError as error:
        return str(error)
    if parts.scheme not in schemes or not parts.hostname:
        return f"that takes {' or '.join(f'{scheme}://' for scheme in schemes)} and a host"
    return None
