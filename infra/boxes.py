"""The boxes that the functions work with, and that their metrics are about."""

from dataclasses import dataclass

from infra.archive import Archive
from infra.gallery_keys import GalleryKeys
from infra.gateway import Gateway
from infra.network import Network
from infra.packaging.packages import Packages
from infra.room_log import RoomLog
from infra.rooms_cache import RoomsCache
from infra.token_keys import TokenKeys


@dataclass(frozen=True, kw_only=True)
class Boxes:
    """One stage's boxes, each under the name that it has in `infra/stack.py`."""

    network: Network
    packages: Packages
    gateway: Gateway
    token_keys: TokenKeys
    gallery_keys: GalleryKeys
    rooms_cache: RoomsCache
    room_log: RoomLog
    archive: Archive
