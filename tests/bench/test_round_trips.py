from bench.round_trips import WITH_GALLERY, run


async def test_each_event_has_its_round_trips() -> None:
    result = await run(times=4, rooms=2)
    told = result.figures["roundTrips"]
    assert told.keys() >= {"connect", "disconnect", "message: chat", "message: like with id", "tick of one room"}
    assert told.keys() >= {WITH_GALLERY, "place: taken", "place: renewed"}
    assert all(1 <= one["waits"] <= one["requests"] for one in told.values())
    # A script that is sent in full would be longer than this.
    assert told["disconnect"]["sent"] < 1000
    assert len(result.targets) == 9
