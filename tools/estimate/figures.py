"""The data file prices.json: prices with their dates and sources, assumptions with their reasons, and quotas."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DATA: Mapping[str, Mapping[str, Any]] = json.loads(Path(__file__).with_name("prices.json").read_text())
ASSUMED: Mapping[str, float] = {name: one["value"] for name, one in DATA["assumptions"].items()}


def price(name: str, amount: float) -> float:
    """What an amount costs, in US$, tier by tier."""
    cost, from_ = 0.0, 0.0
    for to, each in DATA["prices"][name]["tiers"]:
        cost += max(0.0, min(amount, float("inf") if to is None else to) - from_) * each
        from_ = to
    return cost
