from bench.room import run


async def test_a_room_is_told_by_ticks_and_event_by_event_and_nobody_misses_a_chat() -> None:
    result = await run(viewers=150, seconds=1, seconds_one_by_one=0.2)
    runs = result.figures["runs"]
    assert [(run["framing"], run["windowMs"]) for run in runs] == [
        ("live.v1", 500),
        ("live.v1", None),
        ("classic", 500),
        ("classic", None),
    ]
    assert [run["missed"] for run in runs] == [0] * 4
    assert [run["repeated"] for run in runs] == [0] * 4
    ticked, one_by_one = runs[:2]
    assert 1 < ticked["postsPerViewerSecond"] < 5 < one_by_one["postsPerViewerSecond"]
    assert ticked["records"] == 290
