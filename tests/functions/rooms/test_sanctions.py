from functions.rooms.sanctions import FOR_GOOD, Mute, Sanction

NOW = 1_700_000_000_000


def test_a_sanction_is_read_as_it_was_packed() -> None:
    for sanction in (
        Sanction(until=FOR_GOOD),
        Sanction(until=NOW + 1, since=NOW, by="a:b", by_name="Maud é", reason="no links, please: 5 %"),
    ):
        assert Sanction.unpack(sanction.pack()) == sanction


def test_a_sanction_holds_until_its_time_and_one_for_good_always() -> None:
    assert [Sanction(until=NOW).holds(now) for now in (NOW - 1, NOW, NOW + 1)] == [True, False, False]
    assert Sanction(until=FOR_GOOD).holds(NOW)


def test_the_seconds_that_are_left_are_rounded_up() -> None:
    assert [Sanction(until=NOW + ms).seconds_left(NOW) for ms in (1, 1_000, 1_001)] == [1, 1, 2]
    assert Sanction(until=FOR_GOOD).seconds_left(NOW) is None


def test_a_mute_is_told_with_its_reason_if_there_is_one() -> None:
    assert Mute(59_001).to_object() == {"seconds": 60}
    assert Mute(0, "spam").to_object() == {"seconds": None, "reason": "spam"}
