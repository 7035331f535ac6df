from tests.chaos.made import welcome
from tests.chaos.seen import Seen


def test_a_seq_is_kept_once_and_the_cursor_is_the_highest() -> None:
    seen = Seen()
    assert seen.cursor == ""
    seen.enter(welcome(5))
    assert [seen.add(seq) for seq in (7, 6, 7)] == [(True, False), (True, False), (False, False)]
    assert seen.cursor == "e.7"
    seen.enter(welcome(6))
    assert seen.cursor == "e.7"
    assert seen.add(7) == (False, False)


def test_a_new_epoch_forgets_and_what_comes_again_is_renewed() -> None:
    seen = Seen()
    seen.enter(welcome(5))
    seen.add(6)
    seen.enter(welcome(3, epoch="new"))
    assert seen.cursor == "new.3"
    assert [seen.add(6), seen.add(4), seen.add(6)] == [(True, True), (True, False), (False, True)]
