"""`smoke --conform` against the emulator: every row is asked, and every row is equal."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.story.rooms import Servers, running
from tools.failure import Failure
from tools.smoke.command import token_source
from tools.smoke.conform import conform
from tools.smoke.options import SmokeOptions
from tools.smoke.rows import ROWS, Row

pytestmark = pytest.mark.asyncio(loop_scope="module")


def options(address: str, **others: Any) -> SmokeOptions:
    own = ["--url", f"ws://{address}/websocket", "--api", f"http://{address}/api", "--conform"]
    return replace(SmokeOptions.parse(own, {}), **others)


@pytest.mark.parametrize("auth_mode", ["open", "token"])
async def test_every_row_is_equal_against_the_emulator(own_servers: Servers, auth_mode: str, tmp_path: Path) -> None:
    async with running(own_servers, auth_mode=auth_mode) as rooms:
        record = tmp_path / "found.json"
        told = options(rooms.address, record=str(record))
        lines = io.StringIO()
        outcome = await conform(told, token_source(told), lines)
    assert [row for row in outcome["rows"] if not row["same"]] == []
    assert outcome["ok"]
    assert len(outcome["rows"]) == len(ROWS)
    assert f"{len(ROWS)} same, 0 DIFFERS, 0 not asked" in lines.getvalue()
    assert json.loads(record.read_text()) == outcome


async def test_a_row_that_differs_is_told_with_both_and_recorded(own_servers: Servers, tmp_path: Path) -> None:
    rows = [replace(row, emulator="something else") for row in ROWS if row.behaviour == "path"]
    async with running(own_servers) as rooms:
        record = tmp_path / "found.md"
        told = options(rooms.address, record=str(record))
        lines = io.StringIO()
        outcome = await conform(told, token_source(told), lines, rows)
        missing = replace(told, record=str(tmp_path / "away" / "found.md"))
        with pytest.raises(Failure, match="cannot be written"):
            await conform(missing, token_source(missing), io.StringIO(), rows)
    assert not outcome["ok"]
    said = lines.getvalue().splitlines()
    assert said[1] == "DIFFERS    Handshake: path"
    assert said[2].split() == ["emulator:", "something", "else"]
    assert said[3].split()[:2] == ["AWS:", "403"]
    table = record.read_text()
    assert '| Handshake: path | `403 {"message": "Forbidden"}` | `something else` | seen on ' in table


async def test_what_cannot_be_asked_is_no_difference() -> None:
    async def away(probe: object) -> str:
        raise OSError("nobody there")

    told = options("127.0.0.1:9", open=True)
    lines = io.StringIO()
    outcome = await conform(told, token_source(told), lines, [Row("Handshake", "path", "403", away)])
    assert outcome["ok"]
    assert "not asked  Handshake: path  (no viewer came in: nobody there)" in lines.getvalue()
