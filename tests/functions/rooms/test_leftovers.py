from functions.rooms.leftovers import DAY_MS, HOUR_MS, leftovers


def test_what_goes_by_itself_is_told_with_its_time_where_that_is_known() -> None:
    found = {
        one.where: one.ms
        for one in leftovers(live_topic="live", save_topic="save", live_minutes=60, save_hours=24, log_days=None)
    }
    assert found == {
        "live": HOUR_MS,
        "save": DAY_MS,
        "Redis": 125 * 60_000,
        "mutes and bans that the user gave": None,
        "the archive's failure queue": 14 * DAY_MS,
        "the table's point-in-time recovery": 35 * DAY_MS,
        "logs": None,
    }


def test_redis_keeps_nothing_of_a_user_for_longer_who_is_in_no_room() -> None:
    from functions.adapters.redis import keys

    [redis] = [
        one.ms
        for one in leftovers(live_topic="", save_topic="", live_minutes=None, save_hours=None, log_days=None)
        if one.where == "Redis"
    ]
    lives = [keys.GONE_MS, keys.CUT_MS, keys.RATE_MS, keys.CALL_MS, keys.TOLD_MS]
    assert max(lives) == redis
