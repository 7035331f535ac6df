"""What a process remembers of whom it has told its viewers."""

from functions.rooms.told import ToldBefore


def test_while_the_epoch_is_the_same_the_states_notes_hold() -> None:
    told = ToldBefore()
    told.noted(42, "e1", {"alice": "left", "bob": "joined"})
    for user in ("alice", "bob", "carol"):
        for noted in ("left", "unsure", None):
            assert told.corrected(42, "e1", user, noted) == noted


def test_what_was_told_in_an_earlier_epoch_and_is_noted_otherwise_is_unsure() -> None:
    told = ToldBefore()
    told.noted(42, "e1", {"alice": "left", "bob": "joined", "carol": "unsure"})
    assert [told.corrected(42, "e2", "alice", noted) for noted in ("left", None)] == ["left", "unsure"]
    assert [told.corrected(42, "e2", "bob", noted) for noted in ("left", None)] == ["unsure", None]
    assert [told.corrected(42, "e2", "carol", noted) for noted in ("unsure", None)] == ["unsure", "unsure"]


def test_what_is_told_in_the_new_epoch_is_known_again() -> None:
    told = ToldBefore()
    told.noted(42, "e1", {"alice": "left"})
    told.noted(42, "e2", {"alice": "joined"})
    assert told.corrected(42, "e2", "alice", None) is None


def test_what_the_state_could_not_note_is_unsure_unless_it_has_noted_the_same() -> None:
    told = ToldBefore()
    told.telling(42, {"alice": "left", "bob": "joined"})
    assert [told.corrected(42, "e1", "alice", noted) for noted in ("left", None)] == ["left", "unsure"]
    assert [told.corrected(42, "e1", "bob", noted) for noted in ("left", None)] == ["unsure", None]
    told.noted(42, "e1", {"alice": "left", "bob": "joined"})
    assert told.corrected(42, "e1", "alice", None) is None
    assert told.corrected(42, "e1", "bob", "left") == "left"


def test_nothing_is_unsure_of_whom_nothing_was_told() -> None:
    told = ToldBefore()
    told.noted(42, "e1", {"alice": "left"})
    assert told.corrected(43, "e2", "alice", None) is None
    assert told.corrected(42, "e2", "bob", "left") == "left"
    assert [told.knows(42, "alice"), told.knows(43, "alice"), told.knows(42, "bob")] == [True, False, False]


def test_those_who_were_told_last_are_remembered() -> None:
    told = ToldBefore(most=3)
    told.noted(42, "e1", {"a": "left", "b": "left", "c": "left"})
    told.noted(42, "e1", {"a": "joined"})
    told.noted(42, "e1", {"d": "left"})
    assert [user for user in "abcd" if told.knows(42, user)] == ["a", "c", "d"]
