import re
from argparse import ArgumentTypeError
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from functions.rooms.identity import Malformed
from tests.functions.rooms.refusals import not_refused
from tests.tools.wrong_arguments import said
from tools.parser import Parser, number, one_of, option

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Flight:
    speed: int = option("how fast, in % of sound", number(int, 1, 100))
    wing_span: float = option("in metres", number(float, 0, 80), 30)
    engine: str = option("which", one_of("jet", "prop"), "jet", group="engine")
    glide: bool = option("without one", default=False, group="engine")
    route: str | None = option("where to", default=None, shown="nowhere")
    seen: int = 0


VARIABLES = {"speed": ("SPEED", "DEFAULT_SPEED"), "wing_span": ("WING_SPAN",)}


def parsed(*arguments: str, **environment: str) -> Flight:
    return Flight(**{"speed": 5, **Parser("fly").given(Flight, ["--speed", "50", *arguments], environment, VARIABLES)})


def test_what_is_not_given_is_the_dataclass_default() -> None:
    assert parsed() == Flight(speed=50, wing_span=30, engine="jet", glide=False, route=None, seen=0)
    assert Parser("fly").given(Flight, ["--speed", "50"], {}, {}) == {"speed": 50}


def test_values_are_checked_and_flags_take_none() -> None:
    given = parsed("--wing-span", "12.5", "--glide", "--route", "home")
    assert (given.wing_span, given.glide, given.route) == (12.5, True, "home")


def test_an_argument_wins_over_a_variable_and_the_first_variable_over_the_second() -> None:
    assert parsed("--wing-span", "1", WING_SPAN="2").wing_span == 1
    assert parsed(WING_SPAN="2").wing_span == 2
    assert parsed(WING_SPAN="").wing_span == 30
    both = {"SPEED": "7", "DEFAULT_SPEED": "8"}
    optional = Parser("fly")
    assert optional.given(Flight, ["--speed", "9"], both, VARIABLES)["speed"] == 9


def test_wrong_arguments_are_one_line_behind_the_commands_name(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, problem in (
        (["--speed", "x"], "--speed: 'x' is not a number from 1 to 100"),
        (["--sp=1", "--speed", "1"], "there is no option --sp: "),
        (["--speed", "1", "and", "more"], "unrecognized"),
        (["--speed", "1", "--engine", "oar"], "--engine: invalid choice: 'oar' (choose from jet, prop)"),
        (["--speed", "1", "--engine", "jet", "--glide"], "--glide: not allowed with argument --engine"),
        (["--speed", "1", "--seen", "1"], "there is no option --seen: "),
        ([], "the following arguments are required: --speed"),
    ):
        line = said(capsys, partial(Parser("python -m local fly").given, Flight, arguments, {}, {}), arguments)
        assert line.startswith(f"python -m local fly: {problem}"), arguments


def test_all_wrong_variables_are_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    environment = {"DEFAULT_SPEED": "0", "WING_SPAN": "x"}
    given = partial(Parser("fly").given, Optional, [], environment, VARIABLES)
    line = said(capsys, given, environment)
    problem = "DEFAULT_SPEED: '0' is not a number from 1 to 100; WING_SPAN: 'x' is not a number from 0 to 80"
    assert line == f"fly: {problem}\n"


@dataclass(frozen=True, kw_only=True)
class Optional(Flight):
    speed: int = option("how fast", number(int, 1, 100), 5)


def test_a_variable_that_is_not_set_leaves_the_next_one() -> None:
    assert Parser("fly").given(Optional, [], {"SPEED": "", "DEFAULT_SPEED": "8"}, VARIABLES) == {"speed": 8}
    assert Parser("fly").given(Optional, [], {"SPEED": "7", "DEFAULT_SPEED": "8"}, VARIABLES) == {"speed": 7}


def test_the_help_tells_every_option_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        Parser("fly").given(Flight, ["--help"], {"WING_SPAN": "12"}, VARIABLES)
    assert ended.value.code == 0
    told = " ".join(capsys.readouterr().out.split())
    for help_ in (
        "--speed SPEED how fast, in % of sound --wing-span SPAN in metres (default: 12)",
        "--engine ENGINE which (default: jet) --glide without one",
        "--route ROUTE where to (default: nowhere)",
    ):
        assert help_ in told
    assert "seen" not in told


def test_both_ends_of_a_number_are_allowed() -> None:
    check = number(int, 1, 2**53 - 1)
    assert (check("1"), check("9007199254740991")) == (1, 2**53 - 1)


def test_any_other_number_is_refused_with_what_is_allowed() -> None:
    for text in ("", "0", "11", "1.5", "x", "nan"):
        told = f"^'{text}' is not a number from 1 to 10$"
        assert not_refused(number(int, 1, 10), [text], ArgumentTypeError, told) == []


def test_what_cannot_be_meant_is_told_by_the_options_name(capsys: pytest.CaptureFixture[str]) -> None:
    refuse = partial(Parser("fly").refuse, Malformed("userId must have a letter"), {"userId": "--user"})
    assert said(capsys, refuse, "userId") == "fly: --user must have a letter\n"


def test_the_emulator_is_where_make_dev_puts_it() -> None:
    assert Parser("fly").emulator({}) == Parser("fly").emulator({"PORT": ""}) == "127.0.0.1:8000"
    assert Parser("fly").emulator({"PORT": "8100"}) == "127.0.0.1:8100"


def test_a_port_that_is_none_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    for port in ("zz", "0", "65536", "80.5"):
        line = said(capsys, partial(Parser("fly").emulator, {"PORT": port}), port)
        assert line == f"fly: PORT: {port!r} is not a number from 1 to 65535\n"


def test_an_option_that_does_not_exist_is_told_with_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong, wanted in (
        (["--sped", "5"], "there is no option --sped: did you mean --speed?"),
        (["--SPEED=5"], "there is no option --SPEED: did you mean --speed?"),
        (["-speed", "5"], "there is no option -speed: did you mean --speed?"),
        (["--wing_span=5"], "there is no option --wing_span: did you mean --wing-span?"),
        (["--wingspan", "5"], "there is no option --wingspan: did you mean --wing-span?"),
        (["--wing", "5"], "there is no option --wing: did you mean --wing-span?"),
        (["--verison"], "there is no option --verison: did you mean --version?"),
        (["--colour"], "there is no option --colour: --help lists them"),
        (["-x"], "there is no option -x: --help lists them"),
    ):
        line = said(capsys, partial(Parser("fly").given, Flight, wrong, {}, {}), wrong)
        assert line == f"fly: {wanted}\n", wrong


def test_a_negative_number_is_no_option(capsys: pytest.CaptureFixture[str]) -> None:
    line = said(capsys, partial(Parser("fly").given, Flight, ["--speed", "-5"], {}, {}), "-5")
    assert "no option" not in line


def test_the_version_is_the_projects(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        Parser("fly").given(Flight, ["--version"], {}, {})
    assert ended.value.code == 0
    written = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert written
    assert capsys.readouterr().out.startswith(f"live-rooms {written[1]}, Python 3.")
