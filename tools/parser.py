"""Options of the command line: a dataclass whose fields are the options, and the parser that fills it.

A field that `option` makes is an option of the same name: `idle_seconds` is `--idle-seconds`. The parser tells which
values were given, so the dataclass supplies the defaults, and its caller may derive others.
"""

import argparse
import itertools
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, field, fields
from typing import Any, NoReturn

from functions.rooms.identity import Malformed
from tools.nearest import did_you_mean
from tools.version import version

Check = Callable[[str], Any]
Variables = Mapping[str, Sequence[str]]

DEFAULT_PORT = "8000"
# An argument that is one of argparse's options, or nothing: no number, and no text with white space.
_OPTION = re.compile(r"--?[A-Za-z_][\w-]*")
# The environment variables that AWS's own tools read.
REGION: Variables = {"region": ("AWS_REGION", "AWS_DEFAULT_REGION")}


def option(
    help_: str, check: Check = str, default: Any = MISSING, *, metavar: str = "", shown: Any = "", group: str = ""
) -> Any:
    """A field that is an option. Without a default it must be given; the default False makes it a flag, and the default
    () one that may be given again and again.

    `check` turns the text into the value, or raises ArgumentTypeError. `shown` is what the help calls the default where
    the caller derives the value. Options of the same `group` exclude each other.
    """
    about = {"help": help_, "check": check, "metavar": metavar, "shown": shown, "group": group}
    return field(default=default, metadata=about)


def number(kind: Callable[[str], float], least: float, most: float) -> Check:
    """A check: what `kind` makes of the text, from `least` to `most`."""

    def check(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {least:.16g} to {most:.16g}")
        return value

    return check


def pair(text: str) -> tuple[str, str]:
    """A check: a name and a text with `=` between."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=TEXT")
    return name, value


def one_of(*choices: str) -> Check:
    """A check: one of these words."""

    def check(text: str) -> str:
        if text not in choices:
            raise argparse.ArgumentTypeError(f"invalid choice: {text!r} (choose from {', '.join(choices)})")
        return text

    return check


class Version(argparse.Action):
    """`--version`. The version is read only if somebody asks for it."""

    def __init__(self, option_strings: Sequence[str], dest: str, **settings: Any) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help="show the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *given: object) -> NoReturn:
        print(version())
        parser.exit()


class Parser(argparse.ArgumentParser):
    """Wrong arguments end the program with status 2 and one line that names the command and the option."""

    def __init__(self, prog: str, **settings: Any) -> None:
        super().__init__(prog=prog, allow_abbrev=False, **settings)
        self.add_argument("--version", action=Version)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """An option that does not exist is told before one that is missing: perhaps it was meant to be that one."""
        for argument in itertools.takewhile(lambda one: one != "--", sys.argv[1:] if args is None else args):
            name = argument.partition("=")[0]
            if _OPTION.fullmatch(name) and name not in self._option_string_actions:
                near = did_you_mean(name, self._option_string_actions)
                self.error(f"there is no option {name}{near or ': --help lists them'}")
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message.removeprefix('argument ')}\n")

    def refuse(self, malformed: Malformed, options: Mapping[str, str]) -> NoReturn:
        """End the program for an invalid value. `options`: the options by the parameters that Malformed names."""
        name, _, problem = str(malformed).partition(" ")
        self.error(f"{options.get(name, name)} {problem}")

    def given(
        self, kind: type[Any], arguments: Sequence[str], environment: Mapping[str, str], variables: Variables
    ) -> dict[str, Any]:
        """The values that are given for fields of the dataclass `kind`; wrong ones end the program.

        `variables` names the environment variables of an option; the first that is set counts. An argument wins over
        them.
        """
        found = {
            name: (variable, environment[variable])
            for name, several in variables.items()
            for variable in reversed(several)
            if environment.get(variable)
        }
        checks = self._add_options(kind, {name: text for name, (_, text) in found.items()})
        values, problems = vars(self.parse_args(arguments)), []
        for name, (variable, text) in found.items():
            try:
                values[name] = values[name] if name in values else checks[name](text)
            except argparse.ArgumentTypeError as error:
                problems.append(f"{variable}: {error}")
        if problems:
            self.error("; ".join(problems))
        return values

    def _add_options(self, kind: type[Any], texts: Mapping[str, str]) -> dict[str, Check]:
        """Add the fields of `kind` that are options; returns their checks. `texts`: what variables hold."""
        groups: dict[str, argparse._ActionsContainer] = defaultdict(self.add_mutually_exclusive_group)
        options = {one.name: one for one in fields(kind) if one.metadata}
        for name, one in options.items():
            about = one.metadata
            place = groups[about["group"]] if about["group"] else self
            settings: dict[str, Any] = {"default": argparse.SUPPRESS, "help": _help(one, texts.get(name))}
            if one.default is False:
                settings["action"] = "store_true"
            else:
                metavar = about["metavar"] or name.rpartition("_")[2].upper()
                settings |= {
                    "type": about["check"],
                    "metavar": metavar,
                    "required": one.default is MISSING and not about["shown"],
                }
                if one.default == ():
                    settings["action"] = "append"
            place.add_argument(f"--{name.replace('_', '-')}", **settings)
        return {name: one.metadata["check"] for name, one in options.items()}

    def emulator(self, environment: Mapping[str, str]) -> str:
        """The host:port of the emulator on this machine, as `make dev` takes it from PORT."""
        try:
            return f"127.0.0.1:{number(int, 1, 65535)(environment.get('PORT') or DEFAULT_PORT)}"
        except argparse.ArgumentTypeError as error:
            self.error(f"PORT: {error}")


def _help(option: "Field[Any]", text: str | None) -> str:
    default = text or option.metadata["shown"] or option.default
    has_none = default is MISSING or default is None or default is False or default in ("", ())
    return f"{option.metadata['help']}{'' if has_none else f' (default: {default})'}".replace("%", "%%")
