"""`python -m tools token`: prints a token.

The emulator on this machine makes one for whoever asks from here. For a deployed room the token is signed here, with
the keys in Secrets Manager. That takes AWS credentials that may read them. With `--key` it is a token as an identity
provider makes it.
"""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from functions.rooms.identity import Malformed
from tools.failure import Failure
from tools.json_http import NobodyThere, NotHere
from tools.parser import REGION, Parser, number, option, pair
from tools.token_order import AUDIENCE, DEFAULT_SECONDS, ISSUER, LONGEST_SECONDS, TokenOrder
from tools.token_source import NoToken, Order, source_of

OPTIONS = {
    "activityId": "--activity",
    "userId": "--user",
    "username": "--name",
    "caps": "--caps",
    "attributes": "--attribute",
}


@dataclass(frozen=True, kw_only=True)
class TokenOptions:
    """Whom the token is for: `activity` or `platform`; and whose keys sign it."""

    activity: str | None = option("the room it is for", default=None, metavar="ID", group="room")
    platform: bool = option(
        "for every room of the HTTP API, and for no connection, instead", default=False, group="room"
    )
    user: str = option("the userId", metavar="ID")
    name: str | None = option("the name that is shown", default=None, shown="the userId")
    caps: str = option("out of chat, like, moderate, publish and admin", default="chat,like")
    attribute: Sequence[tuple[str, str]] = option(
        "what is shown beside the name, such as role=host; may be given again", pair, default=(), metavar="NAME=TEXT"
    )
    seconds: int = option("how long it is valid", number(int, 1, LONGEST_SECONDS), DEFAULT_SECONDS)
    url: str | None = option("the rooms it is for", default=None, shown="http://127.0.0.1:8000, or at PORT")
    secret: str | None = option(
        "of a deployed room: the secret of its token keys in Secrets Manager", default=None, metavar="ID"
    )
    region: str = option("the secret's region", default="us-east-1")
    key: str | None = option(
        "sign as an identity provider with this private key, which is made if it is not there",
        default=None,
        metavar="FILE",
    )
    issuer: str = option("with --key: who has made the token", default=ISSUER, metavar="URL")
    audience: str = option("with --key: for whom", default=AUDIENCE, metavar="NAME")

    @property
    def order(self) -> Order:
        order: Order = {
            "activityId": self.activity,
            "userId": self.user,
            "name": self.user if self.name is None else self.name,
            "caps": [name.strip() for name in self.caps.split(",") if name.strip()],
            "seconds": self.seconds,
        }
        return order | ({"attributes": dict(self.attribute)} if self.attribute else {})


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Print a token; raises Failure when there is none. Wrong arguments end the program with 2."""
    parser = Parser("python -m tools token", description="Print a token for AUTH_MODE=token.")
    options = TokenOptions(**parser.given(TokenOptions, arguments, environment, REGION))
    if options.activity is None and not options.platform:
        parser.error("one of the arguments --activity --platform is required")
    if options.key is not None and (options.platform or options.secret or options.url):
        parser.error("--key: an identity provider signs with its own key, and for no platform")
    try:
        # An invalid order is told here, wherever the token is made.
        order = TokenOrder.parse(options.order)
        if options.key is not None:
            print(_sign_as_provider(options, order))
            return 0
        url = options.url or ("" if options.secret else f"http://{parser.emulator(environment)}")
        print(asyncio.run(_token(options, url)))
    except Malformed as malformed:
        parser.refuse(malformed, OPTIONS)
    except NotHere as wrong:
        parser.error(f"--url: {wrong}")
    except NobodyThere as nobody:
        raise Failure(f"{nobody}: start it with `make dev AUTH_MODE=token`, or name it with --url") from None
    return 0


async def _token(options: TokenOptions, url: str) -> str:
    otherwise = "name the secret of its token keys with --secret"
    token = await source_of(url, options.secret, options.region, otherwise=otherwise)(options.order)
    if token is None:
        raise NoToken(f"no token is needed: {url} runs with AUTH_MODE=open")
    return token


def _sign_as_provider(options: TokenOptions, order: TokenOrder) -> str:
    """A token of the key in a file, beside which stands the key set that the emulator is given."""
    # Other tokens need no cryptography, whose import takes longer than all else here.
    from tools.provider_key import ProviderKey

    path = Path(str(options.key))
    is_new = not path.exists()
    key = ProviderKey.make(path) if is_new else ProviderKey(path)
    public = path.with_suffix(".jwks.json")
    if is_new or not public.exists():
        try:
            public.write_text(key.key_set())
        except OSError as error:
            raise Failure(f"{public}: {error.strerror}") from None
        print(f"The rooms take it with: make dev AUTH_MODE=token JWKS={public}", file=sys.stderr)
    return key.sign(order, issuer=options.issuer, audience=options.audience)
