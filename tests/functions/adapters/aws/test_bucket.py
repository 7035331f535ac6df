from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.adapters.aws.bucket import Bucket
from functions.adapters.aws.client import CallFailed
from tests.functions.memory_bucket import MemoryBucket


async def test_a_file_has_its_type_and_how_long_it_may_be_kept() -> None:
    s3 = MemoryBucket()
    await Bucket("pages", lambda: s3).put("a.js", b"a", content_type="text/javascript", cache_control="no-cache")

    assert s3.files == {"a.js": (b"a", "text/javascript", "no-cache")}


async def test_a_bucket_is_emptied_page_by_page() -> None:
    s3 = MemoryBucket(page=2)
    bucket = Bucket("pages", lambda: s3)
    for number in range(5):
        await bucket.put(f"{number}.js", b"", content_type="text/javascript", cache_control="no-cache")

    assert await bucket.empty() == 5
    assert s3.files == {}
    assert await bucket.empty() == 0


async def test_a_bucket_that_is_not_there_is_empty() -> None:
    gone = ClientError({"Error": {"Code": "NoSuchBucket", "Message": "gone"}}, "ListObjectsV2")
    assert await Bucket("pages", lambda: MemoryBucket(failure=gone)).empty() == 0


async def test_a_file_that_stays_is_told() -> None:
    s3 = MemoryBucket(held=("b.js",))
    bucket = Bucket("pages", lambda: s3)
    await bucket.put("b.js", b"", content_type="text/javascript", cache_control="no-cache")

    with pytest.raises(CallFailed, match=r"b\.js is not deleted: Access Denied"):
        await bucket.empty()


@pytest.mark.parametrize("call", ["put", "empty"])
async def test_what_s3_refuses_is_told(call: str) -> None:
    refused = ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "any")
    bucket = Bucket("pages", lambda: MemoryBucket(failure=refused))
    arguments: dict[str, Any] = {"key": "a", "body": b"", "content_type": "", "cache_control": ""}

    with pytest.raises(CallFailed, match="not you"):
        await (bucket.put(**arguments) if call == "put" else bucket.empty())
