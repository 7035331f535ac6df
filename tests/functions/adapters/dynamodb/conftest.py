import pytest

from functions.adapters.dynamodb import archive_table, table, watch_totals


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine takes longer for what the tests do than a function has. Tests of these limits set their own."""
    for module, name in ((archive_table, "PUT_SECONDS"), (watch_totals, "PATIENCE_SECONDS"), (table, "READ_SECONDS")):
        monkeypatch.setattr(module, name, 100.0)
