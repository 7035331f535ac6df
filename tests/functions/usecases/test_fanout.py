import asyncio
from collections import defaultdict

from functions.adapters.aws.connections import Outcome
from functions.rooms.payload import Payload
from functions.rooms.seats import Seat
from functions.usecases.fanout import LEFT_SECONDS, Broken, Delivery, Fanout

FRAMES = [Payload.of(b"1"), Payload.of(b"2"), Payload.of(b"3")]


class FakePoster:
    """Answers with what is scripted for a connection, else with DELIVERED, and remembers what it was given."""

    def __init__(self, **scripts: list[Outcome]) -> None:
        self.scripts = scripts
        self.posted: dict[str, list[bytes]] = defaultdict(list)
        self.prepared = 0
        self.under_way = 0
        self.most_under_way = 0
        self.blocked: dict[str, asyncio.Event] = {}

    async def prepare(self) -> None:
        self.prepared += 1

    async def post(self, connection_id: str, payload: Payload) -> Outcome:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        self.posted[connection_id].append(payload.data)
        if connection_id in self.blocked:
            await self.blocked[connection_id].wait()
        else:
            await asyncio.sleep(0)
        self.under_way -= 1
        script = self.scripts.get(connection_id)
        return script.pop(0) if script else Outcome.DELIVERED


class FakeBudget:
    """Lends lots of `lot`, each after `seconds`, and remembers what was asked for."""

    def __init__(self, lot: int = 1000, seconds: float = 0) -> None:
        self.lot = lot
        self.seconds = seconds
        self.reserved: list[int] = []

    async def reserve(self, posts: int) -> float:
        self.reserved.append(posts)
        return self.seconds


def delivery(connection_id: str, frames: list[Payload] = FRAMES) -> Delivery:
    return Delivery(42, Seat(connection_id, "live.v1", "alice"), frames)


def names(deliveries: list[Delivery]) -> list[str]:
    return [delivery.seat.connection_id for delivery in deliveries]


async def test_each_seat_gets_its_frames_in_order() -> None:
    poster = FakePoster()
    report = await Fanout(poster, FakeBudget(), workers=3).deliver([delivery(f"c{number}") for number in range(10)])
    assert all(poster.posted[f"c{number}"] == [b"1", b"2", b"3"] for number in range(10))
    assert len(report.delivered) == 10
    assert report.posts == {Outcome.DELIVERED: 30}


async def test_no_more_posts_are_under_way_than_there_are_workers() -> None:
    poster = FakePoster()
    await Fanout(poster, FakeBudget(), workers=4).deliver([delivery(f"c{number}") for number in range(40)])
    assert poster.most_under_way == 4


async def test_a_slow_viewer_keeps_nobody_else_waiting() -> None:
    poster = FakePoster()
    poster.blocked["slow"] = asyncio.Event()
    everybody = [delivery("slow"), *(delivery(f"c{number}") for number in range(10))]
    delivering = asyncio.create_task(Fanout(poster, FakeBudget(), workers=2).deliver(everybody))
    async with asyncio.timeout(5):
        while len(poster.posted) < 11 or any(len(poster.posted[f"c{n}"]) < 3 for n in range(10)):
            await asyncio.sleep(0)
    assert poster.posted["slow"] == [b"1"]
    poster.blocked["slow"].set()
    assert len((await delivering).delivered) == 11


async def test_a_gone_viewer_gets_nothing_more() -> None:
    poster = FakePoster(gone=[Outcome.DELIVERED, Outcome.GONE])
    report = await Fanout(poster, FakeBudget()).deliver([delivery("gone"), delivery("here")])
    assert poster.posted["gone"] == [b"1", b"2"]
    assert (names(report.ended), names(report.delivered)) == (["gone"], ["here"])


async def test_who_is_gone_is_told_apart_from_who_went_while_being_told() -> None:
    poster = FakePoster(never=[Outcome.GONE], no_more=[Outcome.DELIVERED, Outcome.GONE])
    report = await Fanout(poster, FakeBudget()).deliver([delivery("never"), delivery("no_more")])
    assert (names(report.gone), names(report.ended)) == (["never"], ["no_more"])


async def test_a_throttled_post_is_tried_again_and_then_dropped_with_what_follows() -> None:
    patient = FakePoster(busy=[Outcome.THROTTLED, Outcome.DELIVERED])
    assert names((await Fanout(patient, FakeBudget(), backoff=(0, 0)).deliver([delivery("busy")])).delivered) == [
        "busy"
    ]
    assert patient.posted["busy"] == [b"1", b"1", b"2", b"3"]
    full = FakePoster(full=[Outcome.THROTTLED] * 3)
    report = await Fanout(full, FakeBudget(), backoff=(0, 0)).deliver([delivery("full")])
    assert full.posted["full"] == [b"1", b"1", b"1"]
    assert report.delivered == report.gone == []
    assert report.broken == [Broken(delivery("full"), 0)]
    assert report.posts == {Outcome.THROTTLED: 3}


async def test_a_failed_post_ends_the_delivery_since_later_frames_must_not_overtake() -> None:
    poster = FakePoster(odd=[Outcome.FAILED])
    report = await Fanout(poster, FakeBudget()).deliver([delivery("odd")])
    assert poster.posted["odd"] == [b"1"]
    assert report.delivered == report.gone == []


async def test_how_much_of_a_broken_delivery_came_is_told() -> None:
    for outcome in (Outcome.FAILED, Outcome.FORBIDDEN):
        poster = FakePoster(odd=[Outcome.DELIVERED, Outcome.DELIVERED, outcome])
        report = await Fanout(poster, FakeBudget()).deliver([delivery("odd"), delivery("fine")])
        assert report.broken == [Broken(delivery("odd"), 2)]
        assert names(report.delivered) == ["fine"]


async def test_a_frame_that_is_too_large_is_replaced_and_the_others_are_delivered() -> None:
    frames = [Payload.of(b'[{"messageType":4,"seq":%d}]' % seq) for seq in (1, 2)]
    poster = FakePoster(c=[Outcome.TOO_LARGE])
    report = await Fanout(poster, FakeBudget()).deliver([delivery("c", frames)])
    assert poster.posted["c"] == [frames[0].data, b'[{"messageType":13,"dropped":{"chat":1}}]', frames[1].data]
    assert names(report.delivered) == ["c"]
    assert report.posts == {Outcome.TOO_LARGE: 1, Outcome.DELIVERED: 2}


async def test_where_nothing_is_small_enough_a_frame_is_not_tried_for_ever() -> None:
    frames = [Payload.of(b'{"messageType":5,"onlineNumber":1}')]
    poster = FakePoster(c=[Outcome.TOO_LARGE] * 9)
    report = await Fanout(poster, FakeBudget()).deliver([delivery("c", frames)])
    assert len(poster.posted["c"]) == 2
    assert report.broken == [Broken(delivery("c", frames), 0)]


async def test_posts_that_a_broken_delivery_did_not_make_are_for_others() -> None:
    many = [Payload.of(b"x")] * 100
    budget = FakeBudget(lot=150)
    poster = FakePoster(stuck=[Outcome.FAILED] * 3)
    fanout = Fanout(poster, budget, workers=1)
    everybody = [delivery("stuck", many), delivery("a", many)]
    await fanout.deliver(everybody)
    assert budget.reserved == [150]
    # For the next tick, which takes as many, 49 of 150 are left.
    await fanout.reserve()
    await fanout.deliver(everybody)
    assert budget.reserved == [150, 101]


async def test_posts_that_were_not_made_are_not_made_on_top_of_the_rate_later() -> None:
    budget = FakeBudget(lot=1000)
    fanout = Fanout(FakePoster(stuck=[Outcome.FAILED]), budget)
    await fanout.deliver([delivery("stuck", [Payload.of(b"x")] * 100)])
    fanout._left_at -= LEFT_SECONDS + 1
    await fanout.reserve()
    assert budget.reserved == [100, 100]


async def test_nothing_to_deliver_is_delivered_at_once() -> None:
    assert (await Fanout(FakePoster(), FakeBudget()).deliver([])).delivered == []


async def test_a_tick_within_the_budget_reserves_once() -> None:
    budget = FakeBudget(lot=1000)
    await Fanout(FakePoster(), budget).deliver([delivery(f"c{number}") for number in range(100)])
    assert budget.reserved == [300]


async def test_a_tick_beyond_the_budget_reserves_lot_by_lot_and_posts_no_more_than_was_lent() -> None:
    budget = FakeBudget(lot=40)
    poster = FakePoster()
    report = await Fanout(poster, budget, workers=8).deliver([delivery(f"c{number}") for number in range(33)])
    assert budget.reserved == [40, 40, 19]
    assert len(report.delivered) == 33


async def test_a_delivery_larger_than_a_lot_is_delivered_all_the_same() -> None:
    report = await Fanout(FakePoster(), FakeBudget(lot=2)).deliver([delivery("c")])
    assert len(report.delivered) == 1


async def test_the_poster_is_prepared_once_for_each_tick() -> None:
    poster = FakePoster()
    await Fanout(poster, FakeBudget()).deliver([delivery("a"), delivery("b")])
    assert poster.prepared == 1


async def test_each_delivery_is_reported_as_it_is_over() -> None:
    over: list[Delivery] = []
    await Fanout(FakePoster(b=[Outcome.GONE]), FakeBudget()).deliver([delivery("a"), delivery("b")], over.append)
    assert sorted(names(over)) == ["a", "b"]


async def test_a_tick_like_the_last_one_needs_no_reservation_of_its_own() -> None:
    budget = FakeBudget(lot=1000)
    fanout = Fanout(FakePoster(), budget)
    await fanout.reserve()
    await fanout.deliver([delivery("a"), delivery("b")])
    await fanout.reserve()
    await fanout.reserve()
    await fanout.deliver([delivery("a"), delivery("b")])
    assert budget.reserved == [6, 6]


async def test_a_tick_that_is_larger_than_the_last_one_reserves_the_rest() -> None:
    budget = FakeBudget(lot=1000)
    fanout = Fanout(FakePoster(), budget)
    await fanout.deliver([delivery("a")])
    await fanout.reserve()
    report = await fanout.deliver([delivery("a"), delivery("b"), delivery("c")])
    assert budget.reserved == [3, 3, 6]
    assert len(report.delivered) == 3
