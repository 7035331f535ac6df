"""Where a room's archive is: the table to be read."""

from dataclasses import dataclass, field

from local.tools.emulator import NobodyThere, asked


class NoArchive(Exception):
    """It cannot be found; the message says why and what to do."""


@dataclass(frozen=True)
class Place:
    """A table's name and region; `client_options` are for its client."""

    table: str
    region: str
    client_options: dict[str, str] = field(default_factory=dict)


def emulators_place(host: str, port: int) -> Place:
    """Where the emulator there has its table; raises NoArchive."""
    try:
        status, answer = asked(host, port, "/_local/archive")
    except NobodyThere as nobody:
        raise NoArchive(f"{nobody}: start it with `make dev`, or name it with --url") from None
    if not all(isinstance(answer.get(name), str) for name in ("table", "endpoint", "region")):
        raise NoArchive(answer.get("message") or f"http://{host}:{port} answers {status}: is that an emulator?")
    # moto looks at no credentials; those of whoever sits here need not be there, and are not shown to it.
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    return Place(answer["table"], answer["region"], {"endpoint_url": answer["endpoint"], **keys})
