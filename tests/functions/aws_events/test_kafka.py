from functions.aws_events.kafka import Record, records


def test_records_of_several_partitions_are_read_in_order() -> None:
    def raw(partition: int, offset: int, **fields: str | None) -> dict[str, object]:
        return {"topic": "t", "partition": partition, "offset": offset, "timestamp": 5, **fields}

    first = [raw(0, 7, key="NDI=", value="YQ=="), raw(0, 8, key="", value=None), raw(0, 9, key=None)]
    event = {"records": {"t-0": first, "t-1": [raw(1, 3, value="Yg==")]}}
    assert list(records(event)) == [
        Record("t", 0, 7, 5, b"a", b"42"),
        Record("t", 0, 8, 5, b"", b""),
        Record("t", 0, 9, 5, b"", None),
        Record("t", 1, 3, 5, b"b", None),
    ]
