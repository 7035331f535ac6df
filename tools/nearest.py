"""What somebody may have meant who has mistyped a word.

`python -m tools.nearest WORD WORDS...` prints it, for make.
"""

import sys
from collections.abc import Iterable


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """`: did you mean --port?`, to be put behind a sentence that names `word`; "" if no word is near to it."""
    import difflib  # every command imports this file, and hardly one has a mistyped word

    folded = {_fold(one): one for one in words}
    mistyped = _fold(word)
    near = difflib.get_close_matches(mistyped, folded, n=1)
    if not near and len(mistyped) > 2:
        near = sorted(one for one in folded if one.startswith(mistyped))[:1]
    return f": did you mean {folded[near[0]]}?" if near else ""


def _fold(word: str) -> str:
    return word.casefold().strip("-").replace("_", "-")


if __name__ == "__main__":
    print(did_you_mean(sys.argv[1], sys.argv[2:]))
