from tools.estimate.figures import DATA

DATED = ("2025", "2026")


def test_every_price_and_quota_has_a_source_and_every_price_a_date() -> None:
    for one in (*DATA["prices"].values(), *DATA["quotas"].values()):
        assert one["source"].startswith("https://")
    for name, price in DATA["prices"].items():
        assert price["seen"].startswith(DATED), name
        assert price["tiers"][-1][0] is None, name
        limits = [to for to, _ in price["tiers"][:-1]]
        assert limits == sorted(limits), name


def test_every_assumption_says_why() -> None:
    for name, one in DATA["assumptions"].items():
        assert len(one["why"]) > 5, name
