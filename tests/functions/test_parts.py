import gc
from collections import Counter

from functions.adapters.aws.credentials import CredentialSource
from functions.adapters.redis.cluster import RoomsCluster
from functions.handlers import relay, sweep
from functions.parts import connect_parts, disconnect_parts, message_parts
from functions.runtime.settings import Settings

SETTINGS = Settings(
    redis_url="rediss://127.0.0.1:1",
    redis_auth="iam",
    redis_user="functions",
    redis_cache="rooms",
    kafka_bootstrap="127.0.0.1:1",
    kafka_auth="iam",
    connections_url="http://127.0.0.1:1",
)


def shared() -> Counter[type]:
    """How many there are of what an execution environment is to have once."""
    return Counter(type(one) for one in gc.get_objects() if type(one) in (RoomsCluster, CredentialSource))


async def test_a_function_has_one_redis_client_and_one_set_of_credentials() -> None:
    kept: list[object] = []
    for build in (disconnect_parts, connect_parts, message_parts, relay.build, sweep.build):
        gc.collect()
        before = shared()
        kept.append(await build(SETTINGS))
        assert shared() - before == {RoomsCluster: 1, CredentialSource: 1}, build


async def test_a_function_is_given_only_what_it_reads() -> None:
    room = {"state", "log", "clock"}
    assert vars(await disconnect_parts(SETTINGS)).keys() == room
    assert vars(await connect_parts(SETTINGS)).keys() == room | {"words", "bans", "meter"}
    message = {"words", "bans", "meter", "chat_rate", "other_rate", "review", "ended"}
    assert vars(await message_parts(SETTINGS)).keys() == room | message
    assert vars((await relay.build(SETTINGS)).room).keys() == room
    assert vars((await sweep.build(SETTINGS)).room).keys() == room
