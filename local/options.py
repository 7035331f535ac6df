"""What the emulator is told: flags of `python -m local up`, or the environment variables of the same names."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Self
from urllib.parse import urlsplit

from functions.rooms.seats import BUCKETS
from local.number import number
from local.parser import Parser


def _option(default: Any, help_: str, check: Callable[[str], Any]) -> Any:
    return field(default=default, metadata={"help": help_, "check": check})


def _auth_mode(text: str) -> str:
    if text not in ("open", "token"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither open nor token")
    return text


def _url(example: str, *schemes: str) -> Callable[[str], str]:
    """Of a host and a port, without a slash behind it."""

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


_MOTO = _url("http://127.0.0.1:5000", "http")
_REDIS = _url("redis://127.0.0.1:7000", "redis", "rediss")


@dataclass(frozen=True, kw_only=True)
class Options:
    """One field per option: `--idle-seconds 60` or `IDLE_SECONDS=60`."""

    port: int = _option(
        8000, "the port of the page, the WebSocket and both APIs; 0 takes a free one", number(int, 0, 65535)
    )
    redis_url: str = _option("", "use this Redis cluster instead of the embedded server", _REDIS)
    kafka_bootstrap: str = _option("", "use these Kafka brokers instead of the embedded one", _brokers)
    aws_endpoint: str = _option("", "use the moto at this URL instead of an own one", _MOTO)
    auth_mode: str = _option("open", "open: the query is believed; token: a token is asked for", _auth_mode)
    window_ms: int = _option(500, "how long the relay's batches gather records", number(int, 0, 300_000))
    slices: int = _option(1, "how many relays share a room's viewers", number(int, 1, BUCKETS))
    idle_seconds: float = _option(600, "a connection without a frame is cut after this", number(float, 0.1, 1e6))
    max_connection_seconds: float = _option(7200, "every connection is cut after this", number(float, 0.1, 1e6))
    heartbeat_seconds: int = _option(60, "how often a client says that it is there", number(int, 1, 3600))
    sweep_seconds: float = _option(60, "how often lapsed seats are given up", number(float, 0.1, 3600))
    disconnect_loss: float = _option(0, "the share of $disconnect events that are lost", number(float, 0, 1))
    freeze: int = _option(0, "1: functions are frozen between events, as on AWS", number(int, 0, 1))

    @classmethod
    def parse(cls, arguments: Sequence[str], environment: Mapping[str, str], *, program: str) -> Self:
        """Flags win over the environment; what is wrong ends the program with status 2 and one line that says so."""
        parser = Parser(
            program,
            description="Run the live rooms on this machine: the page, the WebSocket API and the HTTP API.",
            epilog="Each option can also be given as an environment variable: --idle-seconds is IDLE_SECONDS.",
        )
        texts = {option.name: environment.get(option.name.upper(), "") for option in fields(cls)}
        for option in fields(cls):
            assert option.default is not MISSING
            default = texts[option.name] or option.default
            parser.add_argument(
                f"--{option.name.replace('_', '-')}",
                type=option.metadata["check"],
                default=argparse.SUPPRESS,
                help=option.metadata["help"] + (f" (default: {default})".replace("%", "%%") if default != "" else ""),
                metavar=option.name.rpartition("_")[2].upper(),
            )
        flags = vars(parser.parse_args(arguments))
        values, problems = _from_environment({name: text for name, text in texts.items() if name not in flags})
        if problems:
            parser.error("; ".join(problems))
        return cls(**values, **flags)


def _from_environment(texts: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The values that variables hold, by the options' names, and what is wrong with others."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for option in fields(Options):
        if text := texts.get(option.name):
            try:
                values[option.name] = option.metadata["check"](text)
            except argparse.ArgumentTypeError as error:
                problems.append(f"{option.name.upper()}: {error}")
    return values, problems
