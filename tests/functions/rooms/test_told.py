"""What a process remembers of whom it has told its viewers."""

from functions.rooms.told import ToldBefore


def test_what_was_told_in_an_earlier_epoch_is_unsure() -> None:
    told = ToldBefore()
    told.note(42, "e1", ["alice", "bob"])
    told.note(42, "e2", ["bob"])
    assert [told.is_unsure(42, "e1", "alice"), told.is_unsure(42, "e2", "alice")] == [False, True]
    assert [told.is_unsure(42, "e2", "bob"), told.is_unsure(42, "e3", "bob")] == [False, True]


def test_nothing_is_unsure_of_whom_nothing_was_told() -> None:
    told = ToldBefore()
    told.note(42, "e1", ["alice"])
    assert not told.is_unsure(43, "e2", "alice")
    assert not told.is_unsure(42, "e2", "bob")
    assert [told.knows(42, "alice"), told.knows(43, "alice"), told.knows(42, "bob")] == [True, False, False]


def test_those_who_were_told_last_are_remembered() -> None:
    told = ToldBefore(most=3)
    told.note(42, "e1", ["a", "b", "c"])
    told.note(42, "e1", ["a"])
    told.note(42, "e1", ["d"])
    assert [user for user in "abcd" if told.knows(42, user)] == ["a", "c", "d"]
