"""The least there can be: what the interpreter and the runtime client take is all there is."""


def handler(event: object, context: object) -> None:
    """Do nothing."""
