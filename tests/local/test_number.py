from argparse import ArgumentTypeError

import pytest

from local.number import number


def test_both_ends_are_allowed() -> None:
    check = number(int, 1, 2**53 - 1)
    assert (check("1"), check("9007199254740991")) == (1, 2**53 - 1)


@pytest.mark.parametrize("text", ["", "0", "11", "1.5", "x", "nan"])
def test_anything_else_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match=f"^'{text}' is not a number from 1 to 10$"):
        number(int, 1, 10)(text)
