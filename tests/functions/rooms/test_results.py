from functions.rooms.results import Result, digest_of


def test_a_result_survives_being_kept() -> None:
    for packed, result in {
        "ok": Result(),
        "17:1700000000000:1c291ca3": Result(seq=17, accepted_at=1_700_000_000_000, digest="1c291ca3"),
        "0:1700000000000:": Result(seq=0, accepted_at=1_700_000_000_000),
        "pending:1700000000000:1c291ca3": Result(accepted_at=1_700_000_000_000, digest="1c291ca3"),
    }.items():
        assert (Result.unpack(packed), result.pack()) == (result, packed), packed
        assert result.is_pending == packed.startswith("pending"), packed


def test_a_digest_tells_chats_apart() -> None:
    said = [("hi", None), ("hi", "bob"), ("ho", None), ("", "bob\nhi"), ("\ud800", None)]
    assert len({digest_of(content, to) for content, to in said}) == len(said)
    beside = [(content, to, extra) for content, to in said for extra in ({}, {"a": 1}, {"a": 2})]
    assert len({digest_of(*one) for one in beside} | {digest_of(*one) for one in said}) == 4 * len(said)
    assert digest_of("hi", None, {"a": 1, "b": 2}) == digest_of("hi", None, {"b": 2, "a": 1})
    assert all(len(digest_of(content, to)) == 8 for content, to in said)
