"""Redis, Kafka and moto for a laptop and for the tests: real servers or good stand-ins, without Docker."""
