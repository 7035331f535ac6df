from tests.chaos.history import Fault
from tests.chaos.report import BAD, Finding, Report
from tests.chaos.table import findings, table

BEGAN = 1000.0


def lost(chat: str, screen: int) -> Finding:
    text = f"{chat} on screen {screen}"
    return Finding(column="lost", text=text, about=chat, began=BEGAN + 7, ended=BEGAN + 8)


def test_the_report_names_the_columns_the_seed_and_what_was_on_when_it_happened() -> None:
    report = Report()
    assert report.is_good
    report.add(Report(findings=[lost("a chat", number) for number in range(7)]))
    report.add(Report(findings=[lost("another chat", 0)]))
    assert not report.is_good
    assert report.bad("lost") == 8
    told = table(report, 4711)
    assert all(column in told for column in BAD)
    assert "! lost" in told
    assert "4711" in told
    faults = [Fault(name=name, began=BEGAN + at, ended=BEGAN + at + 2) for name, at in (("one", 1), ("other", 6))]
    text = findings(report, faults, BEGAN)
    assert "lost: a chat on screen 0 [7.0-8.0 s" in text
    assert "other 6.0-8.0 s" in text
    assert "one 1.0" not in text
    assert "lost: another chat on screen 0 [" in text
    assert "screen 1" not in text
    assert "lost: 6 more" in text
