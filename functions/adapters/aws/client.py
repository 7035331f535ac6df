"""boto3, which Lambda's Python has, for services that are called now and then: clients, and credentials."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from functions.adapters.aws.credentials import Credentials, CredentialSource, NoCredentials


class CallFailed(Exception):
    """A call of a boto3 client failed; the message is boto3's. `code` is AWS's, such as `AccessDenied`; where AWS did
    not answer it is the name of boto3's exception, such as `NoCredentialsError`, and `status` is 0."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        # Some of boto3's own exceptions have a response that is None.
        answer = getattr(error, "response", None) or {}
        self.code = str(answer.get("Error", {}).get("Code", "")) or type(error).__name__
        self.status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


class ThreadedClient:
    """A client of boto3, whose calls run in threads, since boto3 blocks. `make` makes it when it is first needed."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._client: Any = None

    async def prepare(self) -> None:
        """Make the client now; raises CallFailed. It costs CPU alone, more than a call on a slow machine may take."""
        await asyncio.to_thread(self._made)

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """What the client's method answers; raises CallFailed."""
        return await asyncio.to_thread(self._call, method, arguments)

    def _call(self, method: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError  # what answers is not AWS, but a proxy

        client = self._made()
        try:
            answer: dict[str, Any] = getattr(client, method)(**arguments)
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            raise CallFailed(error) from None
        return answer

    def _made(self) -> Any:
        from botocore.exceptions import BotoCoreError

        try:
            # Two threads may each make a client; one of the two is kept.
            client = self._client = self._client or self._make()
        except BotoCoreError as error:
            raise CallFailed(error) from None
        return client


class SessionCredentials(CredentialSource):
    """The credentials that boto3 finds: in the environment, in a profile, by signing in. boto3 renews them too."""

    def __init__(self) -> None:
        super().__init__({})
        self._source: Any = None

    async def current(self) -> Credentials:
        """The same object until they are renewed. Raises NoCredentials."""
        found = await asyncio.to_thread(self._find)
        current = self._current = self._current if self._current == found else found
        return current

    def _find(self) -> Credentials:
        import boto3
        from botocore.exceptions import BotoCoreError

        try:
            self._source = self._source or boto3.session.Session().get_credentials()
            if self._source is None:
                raise NoCredentials("boto3 finds no AWS credentials, neither in the environment nor in a profile")
            found = self._source.get_frozen_credentials()
        except BotoCoreError as error:
            raise NoCredentials(str(error)) from None
        return Credentials(found.access_key, found.secret_key, found.token)


def aws_client(
    service: str, region: str, *, connect_seconds: float, answer_seconds: float, attempts: int = 2, **options: Any
) -> Any:
    """The client of a service, given `options`. Any number of threads may use it.

    AWS_ENDPOINT_URL_<SERVICE> sets another address. Two attempts by default, since a connection may have died while
    Lambda froze the process.
    """
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=connect_seconds,
        read_timeout=answer_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    # Its own session: boto3's shared session is not thread-safe.
    return boto3.session.Session().client(service, region_name=region, config=config, **options)
