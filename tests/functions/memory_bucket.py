"""A bucket in memory, with boto3's methods."""

from typing import Any


class MemoryBucket:
    """`files`: content, type and Cache-Control of each key. `page`: so many keys are listed at once. `held`: keys that
    cannot be deleted. `failure` is raised by each call."""

    def __init__(self, *, page: int = 1000, held: tuple[str, ...] = (), failure: Exception | None = None) -> None:
        self.files: dict[str, tuple[bytes, str, str]] = {}
        self._page, self._held, self._failure = page, held, failure

    # The arguments have boto3's names.
    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str, CacheControl: str) -> Any:  # noqa: N803
        self._asked(Bucket)
        self.files[Key] = (Body, ContentType, CacheControl)
        return {}

    def list_objects_v2(self, *, Bucket: str) -> Any:  # noqa: N803
        self._asked(Bucket)
        keys = sorted(self.files)[: self._page]
        return {"Contents": [{"Key": key} for key in keys]} if keys else {}

    def delete_objects(self, *, Bucket: str, Delete: Any) -> Any:  # noqa: N803
        self._asked(Bucket)
        keys = [one["Key"] for one in Delete["Objects"]]
        for key in keys:
            if key not in self._held:
                del self.files[key]
        return {"Errors": [{"Key": key, "Message": "Access Denied"} for key in keys if key in self._held]}

    def _asked(self, bucket: str) -> None:
        assert bucket == "pages"
        if self._failure:
            raise self._failure
