"""The script of EmbeddedKafka: librdkafka's mock cluster in a process of its own.

`mock_cluster.py NAME=PARTITIONS ...` prints the bootstrap address and serves until SIGTERM. SIGUSR1 takes the broker
down but keeps its records, SIGUSR2 brings it up again.

It calls the functions of librdkafka's public header `rdkafka_mock.h`. The Python client offers the mock cluster only
through `test.mock.num.brokers`, with which a topic has 4 partitions and a group's first join takes 3 s.
"""

import ctypes
import signal
import sys
from importlib.util import find_spec
from pathlib import Path

PRODUCER = 0  # rd_kafka_type_t: a mock cluster lives inside a client
BROKER_ID = 1
# Kafka's default is 3 s, so that the members of a large group can gather. A relay's group has one or two.
FIRST_JOIN_MS = 100
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2)


def load_library() -> ctypes.CDLL:
    """librdkafka from the confluent-kafka package, through the extension that is linked to it."""
    package = find_spec("confluent_kafka")
    for location in (package and package.submodule_search_locations) or ():
        for extension in Path(location).glob("cimpl*.so"):
            return ctypes.CDLL(str(extension))
    raise SystemExit("No embedded Kafka: the confluent-kafka package is not installed")


def _client(library: ctypes.CDLL) -> ctypes.c_void_p:
    """A client without a broker, which prints nothing."""
    error = ctypes.create_string_buffer(512)
    conf = ctypes.c_void_p(_call(library.rd_kafka_conf_new))
    library.rd_kafka_conf_set(conf, b"log_level", b"0", error, ctypes.c_size_t(len(error)))
    return ctypes.c_void_p(_call(library.rd_kafka_new, PRODUCER, conf, error, ctypes.c_size_t(len(error))))


def _call(function: "ctypes._NamedFuncPointer", *arguments: object) -> int:
    """Call a function that returns a pointer, which ctypes would truncate to an int; null ends the program."""
    function.restype = ctypes.c_void_p
    address = function(*arguments)
    if not address:
        raise SystemExit(f"librdkafka's {function.__name__} failed")
    return int(address)


def main(arguments: list[str]) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # before librdkafka starts threads: they inherit it
    library = load_library()
    cluster = ctypes.c_void_p(_call(library.rd_kafka_mock_cluster_new, _client(library), 1))
    library.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, ctypes.c_int32(FIRST_JOIN_MS))
    for argument in arguments:
        name, partitions = argument.split("=")
        library.rd_kafka_mock_topic_create(cluster, name.encode(), int(partitions), 1)
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    print(library.rd_kafka_mock_cluster_bootstraps(cluster).decode(), flush=True)
    switches = {
        signal.SIGUSR1: library.rd_kafka_mock_broker_set_down,
        signal.SIGUSR2: library.rd_kafka_mock_broker_set_up,
    }
    while switch := switches.get(signal.Signals(signal.sigwait(SIGNALS))):
        switch(cluster, ctypes.c_int32(BROKER_ID))


if __name__ == "__main__":
    main(sys.argv[1:])
