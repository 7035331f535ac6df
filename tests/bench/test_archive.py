from dataclasses import replace

import pytest

from bench.archive import CASES, run, write_units


async def test_both_clients_store_a_room_with_the_same_requests() -> None:
    cases = [replace(case, records=100, batches=1) for case in CASES[:2]]
    result = await run(cases=cases, rounds=1)
    ours, boto3 = result.figures["cases"].values()
    # Nearly all are heartbeats of other users each; a batch may touch all of the 32 buckets.
    assert 700 < ours["requests"] < 1000 + 2 * 320
    assert abs(ours["requests"] - boto3["requests"]) < 60
    assert ours["writeUnits"] > 2000
    assert all(case["cpuMs"] > 0 for case in result.figures["cases"].values())
    assert result.targets[0].value == pytest.approx(boto3["cpuMs"] / ours["cpuMs"])
    assert len(result.rows) == 2


def test_write_units_are_counted_by_item_and_index() -> None:
    def update(sk: str, *values: str) -> int:
        return write_units("UpdateItem", {"Key": {"sk": {"S": sk}}, "ExpressionAttributeValues": values})

    assert (update("u#alice", ":seconds"), update("u#alice", ":chats"), update("total"), update("s#7")) == (3, 1, 1, 1)
    assert write_units("BatchGetItem", {"RequestItems": {"rooms": {"Keys": [{}, {}]}}}) == 0
    puts = [{"PutRequest": {"Item": item}} for item in ({}, {"userId": {"S": "alice"}}, {})]
    assert write_units("BatchWriteItem", {"RequestItems": {"rooms": puts}}) == 4
