"""What axe-core finds on a page that keeps people with disabilities from using it."""

from pathlib import Path

import pytest
from playwright.async_api import Page

SCRIPT = Path(__file__).parents[2] / ".axe" / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async () => (await axe.run()).violations.map(
  ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" ")}`)"""


async def findings(page: Page) -> list[str]:
    """One line for each rule that is broken. Skips the test where axe-core is not installed."""
    if not SCRIPT.exists():
        pytest.skip("axe-core is not installed: make .axe/.axe")
    await page.evaluate(SCRIPT.read_text())
    found: list[str] = await page.evaluate(RUN)
    return found
