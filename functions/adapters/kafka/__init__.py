"""The room log in Kafka."""
