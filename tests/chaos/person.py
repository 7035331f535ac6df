"""Who takes part in a run."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Person:
    """Two tabs have one `user` and two names. `classic`: an old client, on a seat. Who is `quiet` says less."""

    activity: int
    name: str
    user: str
    classic: bool = False
    quiet: bool = False

    @property
    def pace(self) -> float:
        """So much longer than others this one is silent."""
        return 3.0 if self.quiet else 1.0
