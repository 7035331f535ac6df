import csv
import io
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.rooms.archive import Stored
from functions.rooms.events import NOTICE
from tests.functions import made
from tools.export.lines import CSV_LINES
from tools.export.spreadsheet import SIGNS, as_written, inert, inert_json

# What has been taken for formulas, or hides one from whoever looks at the first character only.
FORMULAS = [
    "=1+1", "+1+1", "-1+1", "@SUM(1)", "＝1+1", "＋1", "－1", "＠SUM(1)", "﹦1+1", "\t=1+1", "\r=1+1", "\n=1+1",
    " =1+1",
    "\u00a0=1+1", "\x00=1+1", "\x01\x02=1+1", "\ufeff=1+1", "\u200b=1+1", "\u202e=1+1", "'=1+1", "\"=1+1", "''=1+1",
    "x;=1+1", "x\t=1+1", "x,=1+1", "x|=1+1", "x:=1+1", "x =1+1", "x\n=1+1", "x\r\n=1+1", "x\u2028=1+1", 'x";=1+1;"',
    "x;=1+1;y", 'x;"=1+1";y', "x;;=1+1", "x; =1+1", "x;\x00=1+1", '=HYPERLINK("https://evil.example","hi")',
    "=cmd|' /C calc'!A0", "==1+1", "-=1+1", "+-=@", "{=1+1}", "\u0301=1+1", "🙂=1+1",
]  # fmt: skip
# As LibreOffice names them: 44 is the comma, MRG takes many separators for one, 34 is the quote, 0 none.
IMPORTS = {
    "comma": "44,34,76,1",
    "semicolon": "59,34,76,1",
    "tab": "9,34,76,1",
    "space": "32,34,76,1",
    "all": "44/59/9/32/124/58/MRG,34,76,1",
    "no quotes": "44/59/9/32/124,0,76,1",
    "apostrophes": "44/59/9/124,39,76,1",
}
CELL = re.compile(rb"<c [^>]*>(.*?)</c>", re.DOTALL)

texts = st.text(st.sampled_from("=+-@'＝﹫ ;,\t\n\"x7\0\ufeffé🙂") | st.characters(codec="utf-8"), max_size=30)


@pytest.mark.parametrize("text", FORMULAS)
def test_no_sign_stands_where_a_cell_may_begin(text: str) -> None:
    assert not re.search(rf"(?<![\w'{SIGNS}])[{SIGNS}]", inert(text))
    assert as_written(inert(text)) == text


def test_what_is_no_formula_anywhere_is_left_as_it_is() -> None:
    for text in ("hi", "a=b", "user@a.example", "1-2", "c++", "it's", "'quoted'", "", "https://a.example/?q=1&r=2"):
        assert inert(text) == text


@given(texts)
def test_any_text_is_made_safe_and_can_be_had_back(text: str) -> None:
    assert not re.search(rf"(?<![\w'{SIGNS}])[{SIGNS}]", inert(text))
    assert as_written(inert(text)) == text


@given(st.recursive(texts | st.integers() | st.floats(allow_nan=False, allow_infinity=False), st.lists, max_leaves=5))
def test_any_json_stays_the_value_that_it_was(value: object) -> None:
    assert json.loads(inert_json(value)) == value
    strings = re.findall(r'"(?:[^"\\]|\\.)*"', inert_json(value))
    assert not any(re.search(rf"(?<![\w{SIGNS}])[{SIGNS}]", string) for string in strings)


@pytest.fixture(scope="module")
def spreadsheet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export with each of the formulas in every column of text."""
    who = ("user_id", "username", "to", "client_id", "avatar", "company_id", "openid", "unionid")
    stored = []
    for number, text in enumerate([*FORMULAS, *FORMULAS[::-1], "x"]):
        said: dict[str, Any] = {"type": NOTICE, "name": text, "data": {text: text}} if number % 2 else {"content": text}
        said |= dict.fromkeys(who, text)
        stored.append(Stored(made.event(time=1_795_436_242_375, seq=number, **said)))
    path = tmp_path_factory.mktemp("export") / "room.csv"
    path.write_bytes(b"".join([CSV_LINES.head, *map(CSV_LINES.line, stored)]))
    return path


def converted(path: Path, to: str, imported: str) -> Path:
    """What LibreOffice makes of a file."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip("LibreOffice Calc is not installed")
    profile, out = path.parent / "profile", path.parent / "out"
    options = f"-env:UserInstallation={profile.as_uri()}", "--headless", f"--infilter=CSV:{IMPORTS[imported]}"
    command = [office, *options, "--convert-to", to, "--outdir", str(out), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return out / f"{path.stem}.{to.partition(':')[0]}"


@pytest.mark.timeout(180)
@pytest.mark.parametrize("imported", IMPORTS)
def test_libreoffice_finds_no_formula_in_an_export(spreadsheet: Path, imported: str) -> None:
    with zipfile.ZipFile(converted(spreadsheet, "xlsx", imported)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml")
    cells = CELL.findall(sheet)
    assert len(cells) > 2 * len(FORMULAS)
    assert [cell for cell in cells if b"<f" in cell] == []


@pytest.mark.timeout(180)
def test_libreoffice_reads_the_texts_as_they_were_written(spreadsheet: Path) -> None:
    path = converted(spreadsheet, "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false", "comma")
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    read = [as_written(row["username"]) for row in rows]
    # It has no cell with a NUL, and line breaks of one kind.
    expected = [
        text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n") for text in [*FORMULAS, *FORMULAS[::-1], "x"]
    ]
    assert [(one, other) for one, other in zip(read, expected, strict=True) if one != other] == []


@pytest.mark.timeout(180)
def test_libreoffice_would_compute_what_is_not_made_safe(tmp_path: Path) -> None:
    path = tmp_path / "room.csv"
    path.write_text('"text"\r\n"\x00=1+1"\r\n"x"\r\n=1+1\r\n')
    with zipfile.ZipFile(converted(path, "xlsx", "comma")) as book:
        assert b"<f" in book.read("xl/worksheets/sheet1.xml")
