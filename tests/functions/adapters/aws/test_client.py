from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from functions.adapters.aws.client import CallFailed, SessionCredentials, ThreadedClient
from functions.adapters.aws.credentials import Credentials, NoCredentials


class Client:
    """boto3's client, as far as it is used."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    def get_item(self, Key: str) -> Any:  # noqa: N803  boto3's name
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer | {"asked": Key}


async def test_one_client_is_made_with_the_first_call() -> None:
    made: list[Client] = []

    def make() -> Client:
        made.append(Client({"n": 1}, {"n": 2}))
        return made[-1]

    client = ThreadedClient(make)
    assert made == []
    assert await client.call("get_item", Key="k") == {"n": 1, "asked": "k"}
    assert await client.call("get_item", Key="l") == {"n": 2, "asked": "l"}
    assert len(made) == 1


async def test_an_error_of_boto3s_is_told_in_its_words() -> None:
    refused = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not you"}}, "GetItem")
    away = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
    with pytest.raises(CallFailed, match=r"AccessDeniedException.*not you"):
        await ThreadedClient(lambda: Client(refused)).call("get_item", Key="k")
    with pytest.raises(CallFailed, match=r"127\.0\.0\.1:1"):
        await ThreadedClient(lambda: Client(away)).call("get_item", Key="k")


async def test_what_is_no_error_of_boto3s_is_raised_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        await ThreadedClient(lambda: Client(ZeroDivisionError())).call("get_item", Key="k")


@pytest.fixture
def no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine on which there are none."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return monkeypatch


async def test_a_profiles_credentials_are_found_and_stay_the_same_object(
    no_credentials: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keys = "aws_access_key_id = AKID\naws_secret_access_key = secret\naws_session_token = token\n"
    (tmp_path / "credentials").write_text(f"[shows]\n{keys}")
    no_credentials.setenv("AWS_PROFILE", "shows")
    source = SessionCredentials()
    current = await source.current()
    assert current == Credentials("AKID", "secret", "token")
    assert await source.current() is current


async def test_credentials_that_boto3_renews_are_new_ones(no_credentials: pytest.MonkeyPatch) -> None:
    no_credentials.setenv("AWS_ACCESS_KEY_ID", "OLD")
    no_credentials.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    source = SessionCredentials()
    assert (await source.current()).access_key == "OLD"
    source._source.access_key = "NEW"
    assert (await source.current()).access_key == "NEW"


async def test_where_there_are_none_it_says_so(no_credentials: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoCredentials, match="boto3 finds no AWS credentials"):
        await SessionCredentials().current()
    no_credentials.setenv("AWS_PROFILE", "nobodys")
    with pytest.raises(NoCredentials, match="nobodys"):
        await SessionCredentials().current()


async def test_a_failure_tells_the_code_and_the_status() -> None:
    refused = ClientError({"Error": {"Code": "Gone"}, "ResponseMetadata": {"HTTPStatusCode": 410}}, "Get")
    for error, code, status in (
        (refused, "Gone", 410),
        # Its response is None.
        (ReadTimeoutError(endpoint_url="http://127.0.0.1:1"), "ReadTimeoutError", 0),
        # A page of a proxy.
        (ResponseParserError("no XML"), "ResponseParserError", 0),
    ):
        client = ThreadedClient(lambda error=error: Client(error))  # type: ignore[misc]
        with pytest.raises(CallFailed) as failed:
            await client.call("get_item", Key="k")
        assert (failed.value.code, failed.value.status) == (code, status)
