"""Where a room's archive is: the table to be read."""

import http.client
import json
from dataclasses import dataclass, field
from typing import Any

PATIENCE_SECONDS = 10


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
    status, answer = asked(host, port)
    if not all(isinstance(answer.get(name), str) for name in ("table", "endpoint", "region")):
        raise NoArchive(answer.get("message") or f"http://{host}:{port} answers {status}: is that an emulator?")
    # moto looks at no credentials; those of whoever sits here need not be there, and are not shown to it.
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    return Place(answer["table"], answer["region"], {"endpoint_url": answer["endpoint"], **keys})


def asked(host: str, port: int) -> tuple[int, dict[str, Any]]:
    """The emulator's answer, {} when that is no JSON object; raises NoArchive when nothing answers."""
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", "/_local/archive")
        response = connection.getresponse()
        status, body = response.status, response.read()
    except (OSError, http.client.HTTPException) as error:
        raise NoArchive(
            f"nothing answers at http://{host}:{port} ({error}): start it with `make dev`, or name it with --url"
        ) from None
    finally:
        connection.close()
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    return status, answer if isinstance(answer, dict) else {}
