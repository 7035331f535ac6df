"""A bucket of S3, through boto3: files are put into it now and then, and it is emptied."""

from collections.abc import Callable
from typing import Any

from functions.adapters.aws.client import CallFailed, ThreadedClient, aws_client

CONNECT_SECONDS, ANSWER_SECONDS, ATTEMPTS = 3.0, 20.0, 4


def s3_client(region: str) -> Any:
    """boto3's client of S3."""
    return aws_client("s3", region, connect_seconds=CONNECT_SECONDS, answer_seconds=ANSWER_SECONDS, attempts=ATTEMPTS)


class Bucket:
    """The bucket `name`. `make` makes boto3's client. Every method raises CallFailed."""

    def __init__(self, name: str, make: Callable[[], Any]) -> None:
        self._name = name
        self._client = ThreadedClient(make)

    async def put(self, key: str, body: bytes, *, content_type: str, cache_control: str) -> None:
        """Write a file, over another one of this key."""
        headers = {"ContentType": content_type, "CacheControl": cache_control}
        await self._client.call("put_object", Bucket=self._name, Key=key, Body=body, **headers)

    async def empty(self) -> int:
        """Delete all files; returns their number. A bucket that is not there is empty."""
        deleted = 0
        while keys := await self._some_keys():
            objects = [{"Key": key} for key in keys]
            answer = await self._client.call(
                "delete_objects", Bucket=self._name, Delete={"Objects": objects, "Quiet": True}
            )
            for error in answer.get("Errors", ()):
                raise CallFailed(RuntimeError(f"{error.get('Key')} is not deleted: {error.get('Message')}"))
            deleted += len(keys)
        return deleted

    async def _some_keys(self) -> list[str]:
        try:
            page = await self._client.call("list_objects_v2", Bucket=self._name)
        except CallFailed as failed:
            if failed.code == "NoSuchBucket":
                return []
            raise
        return [found["Key"] for found in page.get("Contents", ())]
