"""Reads what a report is made of: a range of a room's minutes, what lies around it, and the totals of its buckets.

That is an item a minute and one a bucket: of three hours 180 and 32, and two more.
"""

from decimal import Decimal
from typing import Any

from functions.adapters.dynamodb.adding import GROWING, NEWEST, TOTAL
from functions.adapters.dynamodb.api import DynamoDbApi
from functions.adapters.dynamodb.table import ItemRefused, Table, TableUnavailable
from functions.adapters.dynamodb.user_sums import Item, bucket_key
from functions.rooms import archive
from functions.rooms.archive import MINUTE
from functions.rooms.leaders import Leader, unpack_leaders
from functions.rooms.minute_sums import MinuteSums
from functions.rooms.records import LATEST
from functions.rooms.report import Range, Report, Stored, report_of
from functions.rooms.seats import BUCKETS
from functions.runtime.together import both, every

LAST_MINUTE = LATEST // archive.MINUTE_MS


class Reports:
    """The reports of all rooms."""

    def __init__(self, client: DynamoDbApi, table: str) -> None:
        self._table = Table(client, table)

    async def read(self, activity_id: int, range_: Range) -> Report:
        """The report of a room. Reads are eventually consistent. Raises TableUnavailable."""
        pk = archive.partition(activity_id)
        async with self._table.in_time():
            reads = (
                self._minutes(pk, range_.start, range_.end - 1),
                self._minutes(pk, 0, range_.start - 1, ScanIndexForward=False, Limit=1),
                self._minutes(pk, range_.end, LAST_MINUTE, Limit=1),
            )
            buckets = (self._total(bucket_key(activity_id, bucket)) for bucket in range(BUCKETS))
            (minutes, before, behind), totals = await both(every(reads), every(buckets))
        stored = Stored(
            minutes=minutes,
            before=next(iter(before.values()), None),
            behind=bool(behind),
            longest=[_leaders(total, "longest") for total in totals],
            active=[_leaders(total, "active") for total in totals],
        )
        return report_of(range_, stored)

    async def _minutes(self, pk: str, low: int, high: int, **options: Any) -> dict[int, MinuteSums]:
        """The minutes from `low` to `high` that are stored; with a Limit among the `options` those of one page."""
        if low > high:
            return {}
        keys = {":pk": pk, ":low": archive.place(MINUTE, low), ":high": archive.place(MINUTE, high)}
        query: dict[str, Any] = {"KeyConditionExpression": "pk = :pk AND sk BETWEEN :low AND :high", **options}
        query["ExpressionAttributeValues"] = {name: {"S": value} for name, value in keys.items()}
        found: dict[int, MinuteSums] = {}
        while True:
            answer = await self._query(query)
            found |= {archive.number(item["sk"]["S"]): _sums(item) for item in answer["Items"]}
            if "LastEvaluatedKey" not in answer or "Limit" in options:
                return found
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    async def _total(self, pk: str) -> Item:
        """The total of a bucket, empty if there is none."""
        values = {":pk": {"S": pk}, ":total": {"S": TOTAL}}
        query = {"KeyConditionExpression": "pk = :pk AND sk = :total", "ExpressionAttributeValues": values}
        found: list[Item] = (await self._query(query))["Items"]
        return found[0] if found else {}

    async def _query(self, query: dict[str, Any]) -> dict[str, Any]:
        try:
            return await self._table.call("Query", TableName=self._table.name, **query)
        except ItemRefused as error:
            raise TableUnavailable(str(error)) from None


def _sums(item: Item) -> MinuteSums:
    fields = {field: name for name, field in NEWEST.items()} | {name: name for name in GROWING}
    numbers = {field: int(item[name]["N"]) for field, name in fields.items() if name in item}
    watched = int(Decimal(item["seconds"]["N"]).scaleb(3)) if "seconds" in item else 0
    return MinuteSums(watched=watched, **numbers)


def _leaders(total: Item, name: str) -> list[Leader]:
    return unpack_leaders(total[name]["S"]) if name in total else []
