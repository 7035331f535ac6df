"""Posts the room log's events to the viewers of one slice: see functions/usecases/relay.py."""

from functions.adapters.aws.connections import Connections
from functions.adapters.redis.platform_bans import PlatformBans
from functions.adapters.redis.post_budget import PostBudget
from functions.adapters.redis.relay_state import RelayState
from functions.adapters.redis.shared_list import REFRESH_SECONDS
from functions.adapters.redis.words import Words
from functions.aws_events import kafka
from functions.parts import Clients
from functions.runtime.entry import Entry, JsonObject
from functions.runtime.settings import Settings
from functions.usecases.cutter import Cutter
from functions.usecases.fanout import Fanout
from functions.usecases.relay import Relay
from functions.usecases.ticker import Ticker

# A tick may use so many seconds of the budget for classic viewers. A slower tick would be out of date.
TICK_SECONDS = 2


async def build(settings: Settings) -> Relay:
    """The relay for these settings."""
    clients, heartbeat = Clients(settings), settings.heartbeat_seconds
    rooms = RelayState(clients.redis, slice_=settings.slice, slices=settings.slices, heartbeat_seconds=heartbeat)
    connections = Connections(settings.connections_url, clients.credentials, region=settings.aws_region)
    budget = PostBudget(clients.redis, per_second=settings.posts_per_second)
    fanout = Fanout(connections, budget)
    ticker = Ticker(
        fanout,
        rooms,
        heartbeat_seconds=heartbeat,
        posts_a_tick=TICK_SECONDS * settings.posts_per_second,
    )
    # Asked while the rooms are read, so that nothing waits for it.
    words = Words(clients.redis, stale_seconds=REFRESH_SECONDS, for_names=True)
    bans = PlatformBans(clients.redis, stale_seconds=REFRESH_SECONDS)
    return Relay(clients.room, rooms, ticker, Cutter(fanout, connections), words, bans, clients.meter)


async def main(raw: JsonObject, relay: Relay) -> JsonObject:
    """Show a batch; returns and raises what `Relay.show` does."""
    return await relay.show(kafka.records(raw))


handler = Entry("relay", main, build)
