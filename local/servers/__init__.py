"""Redis and Kafka for a laptop and for the tests: real or nearly real servers, without Docker."""
