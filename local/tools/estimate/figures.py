"""The data file: prices with their dates and sources, what is assumed and why, quotas."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

DATA = Path(__file__).with_name("prices.json")


@dataclass(frozen=True)
class Quota:
    """A limit of AWS's, by default. `what` it is of, in words."""

    what: str
    limit: float
    raisable: bool


@dataclass(frozen=True)
class Figures:
    """All of prices.json."""

    region: str
    prices: Mapping[str, tuple[tuple[float, float], ...]]
    assumed: Mapping[str, float]
    quotas: Mapping[str, Quota]

    @classmethod
    def read(cls, path: Path = DATA) -> Self:
        """The figures in the file."""
        data = json.loads(path.read_text())
        return cls(
            region=data["region"],
            prices={name: _tiers(price) for name, price in data["prices"].items()},
            assumed={name: one["value"] for name, one in data["assumptions"].items()},
            quotas={
                name: Quota(one["what"], one["value"], raisable=one["raisable"]) for name, one in data["quotas"].items()
            },
        )

    def price(self, name: str, amount: float) -> float:
        """What an amount costs, tier by tier."""
        cost, from_ = 0.0, 0.0
        for to, each in self.prices[name]:
            cost += max(0.0, min(amount, to) - from_) * each
            from_ = to
        return cost


def _tiers(price: Mapping[str, Any]) -> tuple[tuple[float, float], ...]:
    return tuple((float("inf") if to is None else to, each) for to, each in price["tiers"])
