"""What a client has seen: it drops repetitions by their seq, and knows the cursor to resume from."""

from tests.chaos.history import Object, cursor_epoch, cursor_seq


class Seen:
    """As docs/protocol.md has it. Beside, it remembers the seqs of earlier epochs, for the checker."""

    def __init__(self) -> None:
        self.highest = -1
        self._epoch = ""
        self._seqs: set[int] = set()
        self._before: set[int] = set()

    @property
    def cursor(self) -> str:
        """The cursor to resume from, "" before the first welcome."""
        return f"{self._epoch}.{self.highest}" if self._epoch else ""

    def enter(self, welcome: Object) -> None:
        """Begin at a welcome's cursor; a new epoch forgets everything."""
        epoch = cursor_epoch(welcome)
        if epoch != self._epoch:
            self._before |= self._seqs
            self._seqs.clear()
            self.highest = -1
        self._epoch = epoch
        self.highest = max(self.highest, cursor_seq(welcome))

    def add(self, seq: int) -> tuple[bool, bool]:
        """Whether the client keeps an object of this seq, and whether an earlier epoch had one already."""
        keeps = seq not in self._seqs
        self._seqs.add(seq)
        self.highest = max(self.highest, seq)
        return keeps, seq in self._before
