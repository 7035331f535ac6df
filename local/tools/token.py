"""`python -m local token`: prints a token.

The emulator on this machine makes one for whoever asks from here. For a deployed room the token is signed here, with
the keys in Secrets Manager, which takes AWS credentials that may read them.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from functions.adapters.secrets import SecretsManager, SecretUnavailable, secrets_client
from functions.adapters.token_keys import TokenKeys
from functions.adapters.tokens import Tokens
from functions.rooms.identity import Malformed
from local.number import number
from local.parser import Parser
from local.token_order import DEFAULT_SECONDS, LONGEST_SECONDS, TokenOrder
from local.tools.emulator import NobodyThere, NotHere, asked, host_and_port

PROGRAM = "python -m local token"
OPTIONS = {"activityId": "--activity", "userId": "--user", "username": "--name", "caps": "--caps"}


class NoToken(Exception):
    """There is no token to be had; the message says why and what to do."""


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """Print a token; returns 1 when there is none to be had, and ends the program with 2 for wrong arguments."""
    parser = _parser(environment)
    options = parser.parse_args(arguments)
    order = ordered(options)
    try:
        # What is wrong with it is said here, wherever the token is made.
        parsed = TokenOrder.parse(order)
        if options.secret:
            print(asyncio.run(signed_here(parsed, options)))
        else:
            print(asked_for(order, options.url or f"http://{parser.emulator(environment)}"))
    except Malformed as malformed:
        parser.refuse(malformed, OPTIONS)
    except NotHere as wrong:
        parser.error(f"--url: {wrong}")
    except (NoToken, SecretUnavailable) as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 1
    return 0


def _parser(environment: Mapping[str, str]) -> Parser:
    parser = Parser(PROGRAM, description="Print a token for AUTH_MODE=token.")
    room = parser.add_mutually_exclusive_group(required=True)
    room.add_argument("--activity", metavar="ID", help="the room it is for")
    room.add_argument(
        "--platform", action="store_true", help="for every room of the HTTP API, and for no connection, instead"
    )
    parser.add_argument("--user", required=True, metavar="ID", help="the userId")
    parser.add_argument("--name", help="the name that is shown (default: the userId)")
    parser.add_argument(
        "--caps", default="chat,like", help="out of chat, like, moderate, publish and admin (default: chat,like)"
    )
    parser.add_argument(
        "--seconds",
        type=number(int, 1, LONGEST_SECONDS),
        default=DEFAULT_SECONDS,
        help="how long it is valid (default: 3600)",
    )
    parser.add_argument("--url", help="the rooms it is for (default: http://127.0.0.1:8000, or at PORT)")
    parser.add_argument(
        "--secret", metavar="ID", help="of a deployed room: the secret of its token keys in Secrets Manager"
    )
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
    parser.add_argument("--region", default=region, help=f"the secret's region (default: {region})")
    return parser


def ordered(options: argparse.Namespace) -> dict[str, Any]:
    """The options as a token order's JSON."""
    return {
        "activityId": None if options.platform else options.activity,
        "userId": options.user,
        "name": options.user if options.name is None else options.name,
        "caps": [name.strip() for name in options.caps.split(",") if name.strip()],
        "seconds": options.seconds,
    }


async def signed_here(order: TokenOrder, options: argparse.Namespace) -> str:
    """A token signed with the keys in Secrets Manager; raises SecretUnavailable."""
    return await order.fill(tokens_of(options.secret, options.region))


def tokens_of(secret: str, region: str) -> Tokens:
    """Tokens with the keys that a secret in Secrets Manager has."""
    return Tokens(TokenKeys(SecretsManager(secret, partial(secrets_client, region)).read))


def asked_for(order: dict[str, Any], url: str) -> str:
    """The token that the emulator at `url` makes; raises NotHere, NoToken."""
    host, port = host_and_port(url, otherwise="name the secret of its token keys with --secret")
    status, answer = post(host, port, order)
    if status == 409:
        raise NoToken(f"no token is needed: {url} runs with AUTH_MODE=open")
    if "token" not in answer:
        raise NoToken(answer.get("message") or f"{url} answers {status}: is that an emulator?")
    return str(answer["token"])


def post(host: str, port: int, order: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The emulator's status and answer to an order; raises NoToken when nothing answers."""
    try:
        return asked(host, port, "/_local/token", order)
    except NobodyThere as nobody:
        raise NoToken(f"{nobody}: start it with `make dev AUTH_MODE=token`, or name it with --url") from None
