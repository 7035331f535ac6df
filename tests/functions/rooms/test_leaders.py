from hypothesis import given
from hypothesis import strategies as st

from functions.rooms.leaders import MOST, ahead, first, pack_leaders, unpack_leaders

FIGURES = st.dictionaries(st.sampled_from([f"u{number}" for number in range(30)]), st.integers(0, 50))


def test_the_largest_comes_first_and_then_the_id_decides() -> None:
    assert ahead([("bob", 5), ("carol", 3)], {"alice": 5, "carol": 9}) == [("carol", 9), ("alice", 5), ("bob", 5)]


def test_whoever_has_nothing_is_not_ahead() -> None:
    assert ahead([], {"alice": 0}) == []


def test_a_figure_that_was_told_before_changes_nothing() -> None:
    leaders = ahead([], {"alice": 5})
    assert ahead(leaders, {"alice": 3}) == leaders == ahead(leaders, {"alice": 5})


@given(st.lists(FIGURES, max_size=8))
def test_however_figures_grow_those_who_are_ahead_are_known(told: list[dict[str, int]]) -> None:
    leaders: list[tuple[str, int]] = []
    figures: dict[str, int] = {}
    for grown in told:
        figures |= {user: figures.get(user, 0) + more for user, more in grown.items()}
        leaders = ahead(leaders, {user: figures[user] for user in grown})
    assert leaders == first((user, figure) for user, figure in figures.items() if figure)
    assert len(leaders) <= MOST


def test_what_is_packed_comes_back() -> None:
    for leaders in ([], [("alice", 5), ('坏"人', 2**53)]):
        assert unpack_leaders(pack_leaders(leaders)) == leaders
    assert unpack_leaders("") == []
