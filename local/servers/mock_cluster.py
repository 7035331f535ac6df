"""librdkafka's mock cluster in a process of its own: what EmbeddedKafka runs, as a script.

`mock_cluster.py NAME=PARTITIONS ...` prints the bootstrap address and serves until SIGTERM. SIGUSR1 takes the
broker down with its records kept, SIGUSR2 brings it up again.

The functions called are those of librdkafka's public header `rdkafka_mock.h`. The Python client offers the
mock cluster through `test.mock.num.brokers` alone, where a topic has 4 partitions and a group's first join
takes 3 s.
"""

import ctypes
import signal
import sys
from importlib.util import find_spec
from pathlib import Path

PRODUCER = 0  # rd_kafka_type_t: a mock cluster lives inside a client
BROKER_ID = 1
# Kafka's default is 3 s, for the members of a large group to gather; here a relay's group has one or two.
FIRST_JOIN_MS = 100
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2)


class MockCluster:
    """One broker on a free loopback port. A topic that is not given is made when first used, 4 partitions."""

    def __init__(self, library: ctypes.CDLL, topics: dict[str, int]) -> None:
        self._library = library
        self._cluster = ctypes.c_void_p(_call(library.rd_kafka_mock_cluster_new, _client(library), 1))
        library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, ctypes.c_int32(FIRST_JOIN_MS))
        for name, partitions in topics.items():
            library.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1)

    @property
    def bootstrap(self) -> str:
        """`127.0.0.1:PORT`."""
        bootstraps = self._library.rd_kafka_mock_cluster_bootstraps
        bootstraps.restype = ctypes.c_char_p
        return str(bootstraps(self._cluster).decode())

    def down(self) -> None:
        """Close every connection and the port; records and groups are kept."""
        self._library.rd_kafka_mock_broker_set_down(self._cluster, ctypes.c_int32(BROKER_ID))

    def up(self) -> None:
        """Listen again, on the same port."""
        self._library.rd_kafka_mock_broker_set_up(self._cluster, ctypes.c_int32(BROKER_ID))


def load_library() -> ctypes.CDLL:
    """librdkafka as the confluent-kafka package carries it, through the extension that is linked to it."""
    package = find_spec("confluent_kafka")
    for location in (package and package.submodule_search_locations) or ():
        for extension in Path(location).glob("cimpl*.so"):
            return ctypes.CDLL(str(extension))
    raise SystemExit("No embedded Kafka: the confluent-kafka package is not installed")


def _client(library: ctypes.CDLL) -> ctypes.c_void_p:
    """A client without a broker of its own, which says nothing on the standard streams."""
    error = ctypes.create_string_buffer(512)
    conf = ctypes.c_void_p(_call(library.rd_kafka_conf_new))
    library.rd_kafka_conf_set(conf, b"log_level", b"0", error, ctypes.c_size_t(len(error)))
    return ctypes.c_void_p(_call(library.rd_kafka_new, PRODUCER, conf, error, ctypes.c_size_t(len(error))))


def _call(function: "ctypes._NamedFuncPointer", *arguments: object) -> int:
    """Call a function that returns a pointer, which ctypes would cut to an int; null ends the program."""
    function.restype = ctypes.c_void_p
    address = function(*arguments)
    if not address:
        raise SystemExit(f"librdkafka's {function.__name__} failed")
    return int(address)


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM or SIGINT."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # before librdkafka starts threads: they inherit it
    topics = {name: int(partitions) for name, partitions in (text.split("=") for text in arguments)}
    cluster = MockCluster(load_library(), topics)
    print(cluster.bootstrap, flush=True)
    while (number := signal.sigwait(SIGNALS)) in (signal.SIGUSR1, signal.SIGUSR2):
        if number == signal.SIGUSR1:
            cluster.down()
        else:
            cluster.up()


if __name__ == "__main__":
    main(sys.argv[1:])
