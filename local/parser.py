"""Arguments of `python -m local COMMAND`."""

import argparse
from collections.abc import Mapping
from typing import Any, NoReturn

from functions.rooms.identity import Malformed
from local.number import number

DEFAULT_PORT = "8000"


class Parser(argparse.ArgumentParser):
    """Wrong arguments end the program with status 2 and one line that names the command and the option."""

    def __init__(self, prog: str, **settings: Any) -> None:
        super().__init__(prog=prog, allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        """End the program."""
        self.exit(2, f"{self.prog}: {message.removeprefix('argument ')}\n")

    def refuse(self, malformed: Malformed, options: Mapping[str, str]) -> NoReturn:
        """End the program for a value that cannot be meant; `options` by the names that messages begin with."""
        name, _, problem = str(malformed).partition(" ")
        self.error(f"{options.get(name, name)} {problem}")

    def emulator(self, environment: Mapping[str, str]) -> str:
        """The host:port of the emulator on this machine, as `make dev` takes it from PORT."""
        try:
            return f"127.0.0.1:{number(int, 1, 65535)(environment.get('PORT') or DEFAULT_PORT)}"
        except argparse.ArgumentTypeError as error:
            self.error(f"PORT: {error}")
