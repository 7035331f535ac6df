"""What a command cannot do."""


class Failure(Exception):
    """The command cannot do what it was told; the message says why and what to do. It ends with status 1."""
