import base64
import random
import re

from local.aws.ids import Ids, is_connection_id


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text)


def test_an_id_is_eleven_bytes_in_base64url_and_ends_in_an_equals_sign() -> None:
    ids = Ids()
    for text in (ids.connection(), ids.message(), ids.request()):
        assert re.fullmatch(r"[A-Za-z0-9_-]{15}=", text)
        assert len(raw(text)) == 11


def test_ids_made_within_one_tick_differ() -> None:
    ids = Ids(clock=lambda: 1_700_000_000.0)
    assert len({ids.connection() for _ in range(10_000)}) == 10_000


def test_an_id_starts_with_a_clock_of_25_ms_ticks() -> None:
    now = 1_700_000_000.0
    early, late = Ids(clock=lambda: now), Ids(clock=lambda: now + 1)
    ticks = [int.from_bytes(raw(ids.connection())[:4], "big") for ids in (early, late)]
    assert ticks[1] - ticks[0] == 40


def test_connections_and_messages_are_of_another_kind_than_requests() -> None:
    ids = Ids()
    assert raw(ids.connection())[4] >> 6 == raw(ids.message())[4] >> 6 == 0b11
    assert raw(ids.request())[4] >> 6 == 0b01
    assert raw(ids.connection())[8] == 0x02
    assert raw(ids.request())[8] == 0x05


def test_a_uuid_is_a_version_4_one() -> None:
    ids = Ids(generator=random.Random(7))
    uuids = {ids.uuid() for _ in range(100)}
    assert len(uuids) == 100
    form = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    assert all(form.fullmatch(uuid) for uuid in uuids)


def test_what_has_another_form_is_no_connection_id() -> None:
    for text in ("", "zzz", "a" * 16, "a" * 15, "a" * 14 + "==", "a" * 14 + "/=", "é" * 15 + "="):
        assert not is_connection_id(text), text


def test_a_made_id_is_a_connection_id() -> None:
    assert is_connection_id(Ids().connection())
