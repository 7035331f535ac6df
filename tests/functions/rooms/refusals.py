"""Tables of invalid values: which of them a parser does not refuse as it should."""

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def not_refused(parse: Callable[[T], object], values: Iterable[T], error: type[Exception], message: str) -> list[T]:
    """The `values` for which `parse` does not raise `error` with a message that matches the regular expression."""
    wrong = []
    for value in values:
        try:
            parse(value)
        except error as refusal:
            if re.search(message, str(refusal)):
                continue
        wrong.append(value)
    return wrong
