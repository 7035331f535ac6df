import json

from local.tools.estimate.figures import DATA

DATED = ("2025", "2026")


def test_every_price_and_quota_has_a_source_and_every_price_a_date() -> None:
    data = json.loads(DATA.read_text())
    for one in (*data["prices"].values(), *data["quotas"].values()):
        assert one["source"].startswith("https://")
    for name, price in data["prices"].items():
        assert price["seen"].startswith(DATED), name
        assert price["tiers"][-1][0] is None, name
        limits = [to for to, _ in price["tiers"][:-1]]
        assert limits == sorted(limits), name


def test_every_assumption_says_why() -> None:
    for name, one in json.loads(DATA.read_text())["assumptions"].items():
        assert len(one["why"]) > 5, name
