from functions.rooms.events import Chat
from functions.rooms.marks import Mark, Memory, Remembered, mark_of

NOW = 1_700_000_000_000


def record(seq: int, logged_at: int = NOW) -> Chat:
    return Chat(activity_id=42, time=logged_at, seq=seq, logged_at=logged_at)


def test_a_mark_survives_being_kept() -> None:
    assert Mark.unpack(Mark(7, NOW).pack()) == Mark(7, NOW)
    assert Mark.unpack("") is None


def test_only_what_stands_behind_the_mark_is_unseen() -> None:
    records = [record(5), record(7), record(9)]
    assert [event.seq for event in Mark(7, NOW).unseen(records)] == [9]


def test_the_last_record_is_the_next_mark() -> None:
    assert mark_of([record(5), record(9, NOW + 3)]) == Mark(9, NOW + 3)


def test_a_mark_knows_the_newest_time_of_all_that_was_shown() -> None:
    """A record that was long under way stands behind newer ones."""
    assert mark_of([record(5, NOW + 3), record(9)]) == Mark(9, NOW + 3)
    assert Mark(4, NOW + 7).moved_behind([record(5, NOW + 3), record(9)]) == Mark(9, NOW + 7)
    assert Mark(4, NOW).moved_behind([record(5, NOW + 3)]) == Mark(5, NOW + 3)
    assert Mark(4, NOW).moved_behind([]) == Mark(4, NOW)


def test_a_process_remembers_the_marks_of_the_rooms_it_served_last() -> None:
    memory = Memory(most=2)
    memory.note(1, shown=Mark(7, NOW))
    memory.note(2, log=Mark(8, NOW))
    memory.note(1, log=Mark(9, NOW))
    memory.note(3)
    assert memory.of(1) == Remembered(shown=Mark(7, NOW), log=Mark(9, NOW))
    assert memory.of(2) == memory.of(3) == Remembered()
