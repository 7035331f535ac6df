"""The rows of `smoke --conform` are rows of docs/emulator.md, and what is said of an answer."""

import re

from tests.test_docs import ROOT
from tools.smoke.probe import masked, said
from tools.smoke.rows import ROWS


def test_a_row_names_a_section_of_the_document_and_is_there_once() -> None:
    text = (ROOT / "docs" / "emulator.md").read_text()
    sections = set(re.findall(r"^## (.*)$", text, re.MULTILINE))
    for row in ROWS:
        assert any(section.startswith(row.section) for section in sections), row
    assert len({(row.section, row.behaviour) for row in ROWS}) == len(ROWS)


def test_a_behaviour_that_the_document_has_is_called_as_there() -> None:
    rows = re.findall(r"^\| ([^|]+?) \|", (ROOT / "docs" / "emulator.md").read_text(), re.MULTILINE)
    named = [row.behaviour for row in ROWS if row.behaviour in rows]
    assert {"path", "URL above 4,096 characters", "form of ids", "binary frame", "frame type of a POST"} <= set(named)
    assert len(named) >= len(ROWS) // 2


def test_ids_are_left_out_and_the_rest_is_kept() -> None:
    frame = b'{"message": "Forbidden", "connectionId":"Qyi07eCbtjMCJKw=", "requestId":"Qyi3UG41tjMFlUg="}'
    assert said(403, frame) == '403 {"message": "Forbidden", "connectionId": "…", "requestId": "…"}'
    assert said(200, b"") == said(200, None) == "200"
    assert said(502, b"<html>" + b"x" * 200).startswith("502 <html>")
    assert len(said(502, b"x" * 500)) < 100
    assert masked('"requestId": "a"') == '"requestId": "…"'
