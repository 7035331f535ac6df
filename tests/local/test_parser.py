import pytest

from functions.rooms.identity import Malformed
from local.parser import Parser


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """What is printed, on standard error alone."""
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_wrong_arguments_are_one_line_behind_the_commands_name(capsys: pytest.CaptureFixture[str]) -> None:
    parser = Parser("python -m local fly")
    parser.add_argument("--speed", type=int)
    for arguments, problem in ((["--speed", "x"], "--speed: invalid int value: 'x'"), (["--sp=1"], "unrecognized")):
        with pytest.raises(SystemExit) as ended:
            parser.parse_args(arguments)
        assert ended.value.code == 2
        line = said(capsys)
        assert line.startswith(f"python -m local fly: {problem}")
        assert line.count("\n") == 1


def test_what_cannot_be_meant_is_told_by_the_options_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        Parser("fly").refuse(Malformed("userId must have a letter"), {"userId": "--user"})
    assert ended.value.code == 2
    assert said(capsys) == "fly: --user must have a letter\n"


def test_the_emulator_is_where_make_dev_puts_it() -> None:
    assert Parser("fly").emulator({}) == Parser("fly").emulator({"PORT": ""}) == "127.0.0.1:8000"
    assert Parser("fly").emulator({"PORT": "8100"}) == "127.0.0.1:8100"


@pytest.mark.parametrize("port", ["zz", "0", "65536", "80.5"])
def test_a_port_that_is_none_is_named(capsys: pytest.CaptureFixture[str], port: str) -> None:
    with pytest.raises(SystemExit):
        Parser("fly").emulator({"PORT": port})
    assert said(capsys) == f"fly: PORT: {port!r} is not a number from 1 to 65535\n"
