"""What a server says, as frames."""

import json
from typing import Any

TAG = "load"


def chat(seq: int, *, sent: int | None = None, **fields: object) -> dict[str, Any]:
    """A chat; of the load itself when `sent`."""
    client_id = {} if sent is None else {"id": f"{TAG}.{sent}.{seq}"}
    return {"messageType": 4, "seq": seq, "textMessage": "hello", "userId": "u", **client_id, **fields}


def welcome(seq: int, *, online: int = 1, history: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """A welcome that is up to date with `seq`."""
    return {
        "messageType": 8,
        "cursor": f"epoch.{seq}",
        "onlineNumber": online,
        "heartbeatSeconds": 60,
        "history": list(history),
    }


def count(online: int) -> dict[str, Any]:
    """An online count."""
    return {"messageType": 5, "onlineNumber": online}


def left_out(**dropped: int) -> dict[str, Any]:
    """What did not fit."""
    return {"messageType": 13, "dropped": dropped}


def array(*objects: dict[str, Any]) -> bytes:
    """A frame of `live.v1`."""
    return json.dumps(objects).encode()
