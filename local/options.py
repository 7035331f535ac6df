"""What the emulator is told: flags of `python -m local`, or the environment variables of the same names."""

import argparse
import keyword
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from functions.rooms.seats import BUCKETS
from tools.parser import Check, Parser, number, one_of, option


def _url(example: str, *schemes: str) -> Check:
    """A check: a URL of a host and a port. The value has no slash at its end."""

    def check(text: str) -> str:
        try:
            address = urlsplit(text)
            fits = address.scheme in schemes and address.hostname and address.port and not address.path.strip("/")
        except ValueError:
            fits = False
        if not fits:
            raise argparse.ArgumentTypeError(f"{text!r} is no URL such as {example}")
        return text.rstrip("/")

    return check


def _brokers(text: str) -> str:
    for broker in text.split(","):
        host, _, port = broker.strip().rpartition(":")
        if not host or "/" in host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise argparse.ArgumentTypeError(f"{text!r} is no list such as 127.0.0.1:9092,127.0.0.1:9093")
    return text


def _file(text: str) -> str:
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"{text!r} is no file")
    return text


def _module(text: str) -> str:
    file = Path(_file(text))
    if file.suffix != ".py" or not file.stem.isidentifier() or keyword.iskeyword(file.stem):
        raise argparse.ArgumentTypeError(f"{text!r} is no Python module, such as review.py")
    return text


_MOTO = _url("http://127.0.0.1:5000", "http")
_REDIS = _url("redis://127.0.0.1:7000", "redis", "rediss")


@dataclass(frozen=True, kw_only=True)
class Options:
    """One field per option: `--idle-seconds 60` or `IDLE_SECONDS=60`."""

    port: int = option("the port of the page, the WebSocket and both APIs; 0: a free one", number(int, 0, 65535), 8000)
    redis_url: str = option("use this Redis cluster instead of the embedded server", _REDIS, "")
    kafka_bootstrap: str = option("use these Kafka brokers instead of the embedded one", _brokers, "")
    aws_endpoint: str = option("use the moto at this URL instead of an own one", _MOTO, "")
    auth_mode: str = option("open: the query is believed; token: a token is required", one_of("open", "token"), "open")
    jwks: str = option("take tokens of an identity provider with the keys in this file", _file, "", metavar="FILE")
    review: str = option("review chats with `handler` of this Python file", _module, "", metavar="FILE")
    window_ms: int = option("how long the relay's batches gather records", number(int, 0, 300_000), 500)
    slices: int = option("how many relays share a room's viewers", number(int, 1, BUCKETS), 1)
    idle_seconds: float = option("a connection without a frame is cut after this", number(float, 0.1, 1e6), 600)
    max_connection_seconds: float = option("every connection is cut after this", number(float, 0.1, 1e6), 7200)
    heartbeat_seconds: int = option("how often a client sends a heartbeat", number(int, 1, 3600), 60)
    sweep_seconds: float | None = option(
        "how often expired seats are removed", number(float, 0.1, 3600), None, shown="as the manifest says"
    )
    disconnect_loss: float = option("the share of $disconnect events that are lost", number(float, 0, 1), 0)
    edge_only: int = option("1: the APIs refuse what does not come through CloudFront", number(int, 0, 1), 0)
    freeze: int = option("1: functions are frozen between events, as on AWS", number(int, 0, 1), 0)

    @classmethod
    def parse(cls, arguments: Sequence[str], environment: Mapping[str, str], *, program: str) -> Self:
        """Flags win over the environment; invalid ones end the program with status 2 and one line."""
        parser = Parser(
            program,
            description="Run the live rooms on this machine: the page, the WebSocket API and the HTTP API.",
            epilog="Each option can also be given as an environment variable: --idle-seconds is IDLE_SECONDS.",
        )
        variables = {one.name: (one.name.upper(),) for one in fields(cls)}
        options = cls(**parser.given(cls, arguments, environment, variables))
        if options.jwks and options.auth_mode != "token":
            parser.error("JWKS: tokens are asked for with AUTH_MODE=token alone")
        return options
