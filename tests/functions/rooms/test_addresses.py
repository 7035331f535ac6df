from functions.rooms.addresses import is_valid, slot_of_key, ticks_path
from functions.rooms.places import ADDRESS_MS, READING_MS

SECRET, OTHER = "s" * 32, "t" * 32
AT = 1_700_000_123_456


def key_of(activity_id: int = 42, secret: str = SECRET, at: int = AT) -> str:
    path = ticks_path(activity_id, secret, at)
    assert path.startswith(f"/gallery/{activity_id}/")
    return path.split("/")[3]


def test_an_address_is_the_same_for_all_in_the_room_for_ten_minutes() -> None:
    begin = AT // ADDRESS_MS * ADDRESS_MS
    assert key_of(at=begin) == key_of(at=begin + ADDRESS_MS - 1)
    assert len({key_of(), key_of(43), key_of(secret=OTHER), key_of(at=begin + ADDRESS_MS)}) == 4


def test_a_key_is_known_by_any_of_the_secrets_and_for_its_room_alone() -> None:
    slot = AT // ADDRESS_MS
    assert slot_of_key(42, key_of(), [OTHER, SECRET]) == slot
    assert slot_of_key(43, key_of(), [SECRET]) is None
    assert slot_of_key(42, key_of(), [OTHER]) is None
    assert slot_of_key(42, key_of(), []) is None


def test_a_key_that_was_not_made_is_none() -> None:
    made, mac = key_of(), key_of().partition(".")[2]
    slot = AT // ADDRESS_MS
    for key in (
        "",
        "..",
        mac,
        f"{slot + 1}.{mac}",
        f"0{made}",
        f"{made}x",
        f"{made[:-1]}",
        f"{slot}.",
        f"-{made}",
        f"{made}\n",
    ):
        assert slot_of_key(42, key, [SECRET]) is None, key


def test_a_key_is_valid_in_its_ten_minutes_and_in_the_next() -> None:
    slot = AT // ADDRESS_MS
    begin = slot * ADDRESS_MS
    assert is_valid(slot, begin)
    assert is_valid(slot, begin + READING_MS - 1)
    assert not is_valid(slot, begin + READING_MS)
    # Another server's clock may be behind.
    assert is_valid(slot, begin - 1)
