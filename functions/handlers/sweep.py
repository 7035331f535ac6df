"""Each minute: gives up the seats of viewers who vanished, see functions/usecases/sweeper.py."""

from functions.adapters.redis.sweep_state import SweepState
from functions.parts import Clients
from functions.rooms.seats import LEASE_HEARTBEATS
from functions.runtime.entry import Entry, JsonObject
from functions.runtime.settings import Settings
from functions.usecases.sweeper import Sweeper


async def build(settings: Settings) -> Sweeper:
    clients = Clients(settings)
    rooms = SweepState(clients.redis, heartbeat_seconds=settings.heartbeat_seconds)
    return Sweeper(clients.room, rooms, LEASE_HEARTBEATS * settings.heartbeat_seconds * 1000, clients.meter)


async def main(event: JsonObject, sweeper: Sweeper) -> JsonObject:
    """Returns and raises as `Sweeper.sweep` does."""
    return await sweeper.sweep()


handler = Entry("sweep", main, build)
