"""What an answer of the gallery says."""

import json

import pytest

from tests.tools.load.objects import TAG, chat, count, left_out
from tools.load.heard import Catalogue
from tools.load.room import Room
from tools.load.slot import Slot, read_slot
from tools.objects import Unreadable


def slot(*objects: object, **fields: object) -> bytes:
    return json.dumps({"next": 8, "objects": objects, **fields}).encode()


def test_a_slot_has_chats_counts_and_whom_it_calls() -> None:
    catalogue = Catalogue()
    body = slot(chat(3, sent=100), chat(4), count(7), left_out(chat=2), **{"for": ["h1"]})
    found = read_slot(body, catalogue, TAG)
    assert (found.next, found.last, found.called, found.is_gap) == (8, 4, ["h1"], False)
    assert (found.sent, found.online, found.left_out, catalogue.seqs) == ([100], 7, 2, [3, 4])
    assert (found.size, found.is_personal) == (len(body), False)


def test_a_gap_has_no_objects() -> None:
    found = read_slot(b'{"next": 9, "gap": true}', Catalogue(), TAG)
    assert (found.next, found.is_gap, found.runs) == (9, True, [])


def test_what_is_no_slot_is_unreadable() -> None:
    for body in (b"", b"7", b"[]", b"{}", b'{"next": "x"}', slot(7), slot({"seq": "x"}), b'{"next": 1, "objects": 3}'):
        with pytest.raises(Unreadable):
            read_slot(body, Catalogue(), TAG)


def test_a_room_reads_an_answer_once_however_many_get_it() -> None:
    room = Room(1, tag=TAG, read=read_slot)
    first = room.hear(slot(chat(1)))
    assert isinstance(first, Slot)
    assert room.hear(slot(chat(1))) is first
