from functions.aws_events.kafka import Record, records


def test_records_of_several_partitions_are_read_in_order() -> None:
    def raw(partition: int, offset: int, value: str | None) -> dict[str, object]:
        return {"topic": "t", "partition": partition, "offset": offset, "timestamp": 5, "value": value}

    event = {"records": {"t-0": [raw(0, 7, "YQ=="), raw(0, 8, None)], "t-1": [raw(1, 3, "Yg==")]}}
    assert list(records(event)) == [Record("t", 0, 7, 5, b"a"), Record("t", 0, 8, 5, b""), Record("t", 1, 3, 5, b"b")]
