"""`GET /gallery/{activityId}/{key}/{slot}`: what a room said since a slot, the same for all its readers. It is meant to
be asked by a cache: see functions/usecases/slot_reader.py.

It is a function of its own. It waits for slots, and who waits must not keep the platform's calls waiting; and it starts
without the API's framework.
"""

import json
import re
from dataclasses import dataclass

from functions.adapters.aws.secrets import SecretUnavailable
from functions.adapters.redis.client import StateUnavailable
from functions.adapters.redis.gallery_state import SlotState
from functions.adapters.tokens.edge import Edge, edge
from functions.adapters.tokens.token_keys import stage_keys
from functions.aws_events.http import HttpRequest, response
from functions.parts import Clients
from functions.rooms.gallery import MOST_DIGITS, TooEarly
from functions.rooms.identity import Malformed, parse_activity_id
from functions.runtime.entry import Entry, JsonObject
from functions.runtime.metrics import GALLERY_REFUSED, GALLERY_REQUESTS, SILENT, SLOT_GAPS, SLOTS_LATE, Meter
from functions.runtime.settings import Settings
from functions.usecases.slot_reader import KeepsWaiting, SlotReader, WrongKey

_PATH = re.compile(r"/gallery/([^/]+)/([^/]+)/([^/]+)")
_SLOT = re.compile(rf"0|[1-9][0-9]{{0,{MOST_DIGITS - 1}}}")

# A slot never changes. All else is asked for again after a second.
KEPT = "public, max-age=60, immutable"
BRIEF = "public, max-age=1"
# Any page may read what everybody may who has the key; with a cache in front, the answer cannot depend on who asks.
ANY_ORIGIN = {"access-control-allow-origin": "*"}


@dataclass(frozen=True, kw_only=True)
class GalleryParts:
    """`reader` is None if the stage has no gallery."""

    reader: SlotReader | None
    edge: Edge
    meter: Meter = SILENT


async def build(settings: Settings) -> GalleryParts:
    meter = Meter(stage=settings.stage)
    if not settings.gallery_secret:
        return GalleryParts(reader=None, edge=edge(settings), meter=meter)
    keys = stage_keys(settings.gallery_secret, settings)
    state = SlotState(Clients(settings).redis)
    reader = SlotReader(state=state, keys=keys, large_from=settings.gallery_spare_from)
    return GalleryParts(reader=reader, edge=edge(settings), meter=meter)


async def main(raw: JsonObject, parts: GalleryParts) -> JsonObject:
    """200 with what was said, or that it is not known any more; 400 for an invalid room or slot, 403 for a key that is
    not valid, 404 for a slot that is too far away, 405 for another method, 503 if a server is away."""
    request = HttpRequest.parse(raw)
    found = _PATH.fullmatch(request.path)
    if parts.reader is None or not found:
        return refusal(404, "not_found", "there is nothing at this address")
    if request.method not in ("GET", "HEAD"):
        return refusal(405, "not_allowed", "slots are read with GET")
    parts.meter.emit({GALLERY_REQUESTS: 1})
    try:
        if not await parts.edge.lets_in(request.headers):
            return refusal(403, "not_allowed", "slots are read through the distribution, not at the API's own address")
        activity_id, slot = parse_activity_id(found[1]), _slot(found[3])
        told = await parts.reader.read(activity_id, found[2], slot)
    except Malformed as malformed:
        return refusal(400, "bad_field", str(malformed))
    except WrongKey:
        parts.meter.emit({GALLERY_REFUSED: 1})
        return refusal(403, "not_allowed", "the key is not valid, take a place or renew yours")
    except TooEarly:
        return refusal(404, "too_early", "the slot is far from over")
    except (StateUnavailable, SecretUnavailable, KeepsWaiting):
        return refusal(503, "unavailable", "the room cannot be reached, try again")
    parts.meter.emit({SLOT_GAPS: int(told.kind == "gap"), SLOTS_LATE: int(told.is_late)})
    return response(200, told.body, {"cache-control": KEPT if told.kind == "slots" else BRIEF, **ANY_ORIGIN})


def _slot(text: str) -> int:
    if not _SLOT.fullmatch(text):
        raise Malformed(f"a slot is a number of seconds since the epoch, with at most {MOST_DIGITS} digits")
    return int(text)


def refusal(status: int, error: str, message: str) -> JsonObject:
    body = json.dumps({"error": error, "message": message}, ensure_ascii=False)
    return response(status, body, {"cache-control": BRIEF, **ANY_ORIGIN})


handler = Entry("gallery", main, build, late_imports=["boto3"])
