"""Reading what the server says."""

import json

import pytest

from tests.functions.rooms.refusals import not_refused
from tests.tools.load.objects import TAG, array, chat, count, left_out, welcome
from tools.load.heard import Catalogue, Receipts, id_for, read, sent_at
from tools.load.histogram import Histogram
from tools.objects import Unreadable


def test_a_frame_tells_chats_count_and_what_was_left_out() -> None:
    catalogue = Catalogue()
    heard = read(
        array(chat(4, sent=100), chat(7, sent=200), chat(9), count(3), left_out(chat=2, join=5)), catalogue, TAG
    )
    assert catalogue.seqs == [4, 7, 9]
    assert list(heard.runs) == [(0, 2)]
    assert list(heard.sent) == [100, 200]
    assert (heard.online, heard.left_out, heard.is_personal) == (3, 2, False)


def test_a_classic_frame_is_read_as_well() -> None:
    assert list(read(json.dumps(chat(4)).encode(), Catalogue(), TAG).runs) == [(0, 0)]


def test_chats_seen_before_keep_their_place() -> None:
    catalogue = Catalogue()
    catalogue.runs([10, 20, 30, 40])
    assert catalogue.runs([20, 30]) == [(1, 2)]
    assert catalogue.runs([40, 10, 50]) == [(3, 3), (0, 0), (4, 4)]
    assert 50 in catalogue
    assert 60 not in catalogue


def test_history_comes_before_the_tick_and_has_no_latency() -> None:
    catalogue = Catalogue()
    heard = read(array(welcome(6, history=(chat(5, sent=1), chat(6, sent=2))), chat(7, sent=3)), catalogue, TAG)
    assert catalogue.seqs == [5, 6, 7]
    assert list(heard.sent) == [3]
    assert heard.is_personal


def test_a_private_chat_is_owed_to_nobody() -> None:
    catalogue = Catalogue()
    read(array(chat(4, to="alice")), catalogue, TAG)
    assert catalogue.seqs == []


def test_replies_and_errors_of_the_gateway_are_for_one_viewer() -> None:
    reply = {"messageType": 0, "id": "x", "ok": True, "seq": 3}
    error = {"message": "Internal server error", "connectionId": "c", "requestId": "r"}
    assert list(read(array(reply), Catalogue(), TAG).replies) == [reply]
    assert list(read(json.dumps(error).encode(), Catalogue(), TAG).replies) == [error]


def test_who_is_cut_off_is_told_why_and_is_not_to_come_back() -> None:
    for said, why in (
        ({"action": "banned", "seconds": 60, "reason": "flooding"}, "flooding"),
        ({"action": "kicked", "seconds": None}, "kicked"),
        ({"action": "muted", "seconds": 60}, ""),
    ):
        heard = read(array({"messageType": 11, **said}), Catalogue(), TAG)
        assert (heard.cut_off, heard.is_personal) == (why, bool(why)), said


def test_what_is_no_object_of_the_protocol_is_refused() -> None:
    wrong = [
        *(b"", b"hello", b"\xff", b"[1]", b"3", b"[" * 100_000, b'[{"messageType":4}]'),
        b'{"messageType":5,"onlineNumber":null}',
        array({**welcome(3), "cursor": "epoch"}),
    ]
    assert not_refused(lambda payload: read(payload, Catalogue(), TAG), wrong, Unreadable, "") == []


def test_an_id_carries_the_time_of_sending() -> None:
    assert sent_at(id_for(TAG, 12345, 7), TAG) == 12345
    assert sent_at("somebody.else.s", TAG) is None
    assert sent_at(None, TAG) is None


def test_latencies_are_from_each_sending_to_each_receipt() -> None:
    receipts, histogram = Receipts(), Histogram()
    for at in (1000, 1000, 3000):
        receipts.add(at)
    receipts.latencies([400, 900], histogram)
    assert histogram.total == 6
    assert histogram.greatest == 2600
    assert histogram.percentile(1) == 100
    assert histogram.percentile(60) == pytest.approx(600, rel=1 / 128)
    assert histogram.percentile(70) == pytest.approx(2100, rel=1 / 128)
