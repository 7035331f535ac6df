"""What the smoke test is told on the command line."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from functions.manifest import STAGE
from tools.address import Elsewhere, address, beside
from tools.json_http import NotHere, host_and_port
from tools.parser import REGION, Parser, number, option

# No platform is likely to have its own ids there. They end at 2^53-1.
OWN_ROOMS = range(2**52, 2**53)
OTHERWISE = "name the secret of its token keys with --secret; --open is for a stage whose auth_mode is open"


@dataclass(frozen=True, kw_only=True)
class SmokeOptions:
    """`activity_id`: a room that nobody else uses."""

    url: str = option(
        "the stack's WebSocketUrl", address("ws", "wss"), shown="ws://127.0.0.1:8000/websocket, or at PORT"
    )
    api: str = option("its PlatformApiUrl", address("http", "https"), shown="/api at the host of --url")
    secret: str | None = option("its TokenSecretArn, to sign tokens with", default=None, metavar="ID", group="tokens")
    open: bool = option("the stage's auth_mode is open: no tokens", default=False, group="tokens")
    region: str = option("the secret's region", default="us-east-1")
    origin: str | None = option("connect as a page from there would", default=None, metavar="URL")
    patience: float = option("for each thing to come", number(float, 0.1, 86_400), 30, metavar="SECONDS")
    conform: bool = option(
        "compare with docs/emulator.md what this API Gateway does, instead of the walk", default=False
    )
    connections: str | None = option(
        "its connections API, where --url is CloudFront's or a domain's", address("http", "https"), None, metavar="URL"
    )
    record: str | None = option("with --conform: write what differs, .md or .json", default=None, metavar="FILE")
    json: bool = option("the outcome as JSON; the lines go to standard error", default=False)
    activity_id: int = field(default_factory=lambda: random.choice(OWN_ROOMS))

    @classmethod
    def parse(cls, arguments: Sequence[str], environment: Mapping[str, str]) -> Self:
        """Invalid options end the program with status 2 and one line."""
        parser = Parser(
            "python -m tools smoke",
            description="Walk every path of the rooms with two viewers, and tell the likely cause of what fails.",
            epilog="docs/smoke.md lists the steps. Exit status: 0 all is well, 1 it is not, 2 wrong arguments.",
        )
        given = parser.given(cls, arguments, environment, REGION)
        if "url" not in given and "api" not in given:
            given["url"] = f"ws://{parser.emulator(environment)}/{STAGE}"
        for missing, other, path, output in (
            ("api", "url", "api", "PlatformApiUrl"),
            ("url", "api", STAGE, "WebSocketUrl"),
        ):
            if missing not in given:
                try:
                    given[missing] = beside(given[other], path)
                except Elsewhere as host:
                    parser.error(
                        f"--{missing}: name the stack's {output}: API Gateway has it at another host than {host}"
                    )
        options = cls(**given | {"api": given["api"].rstrip("/")})
        if not options.conform and (options.connections or options.record):
            parser.error(f"--{'connections' if options.connections else 'record'}: it goes with --conform")
        if not options.open and options.secret is None:
            try:
                host_and_port(options.url, otherwise=OTHERWISE)
            except NotHere as wrong:
                parser.error(f"--url: {wrong}")
        return options
