from datetime import UTC, datetime
from unittest import mock

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.adapters.aws.credentials import Credentials
from functions.adapters.aws.sigv4 import Signer
from functions.rooms.payload import Payload

HOST = "abc123.execute-api.eu-west-1.amazonaws.com"

connection_ids = st.text(
    st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), min_size=11, max_size=15
).map(lambda text: f"/websocket/%40connections/{text}%3D")
moments = st.integers(1_000_000_000, 4_000_000_000)
tokens = st.none() | st.text(st.sampled_from("abcXYZ0123456789+/="), min_size=1, max_size=80)


def signed_by_botocore(credentials: Credentials, path: str, body: bytes, moment: int) -> dict[str, str]:
    request = AWSRequest("POST", f"https://{HOST}{path}", data=body)
    now = datetime.fromtimestamp(moment, UTC)
    # The one way to tell botocore the time.
    with mock.patch("botocore.auth.get_current_datetime", return_value=now.replace(tzinfo=None)):
        boto = BotoCredentials(credentials.access_key, credentials.secret_key, credentials.token)
        SigV4Auth(boto, "execute-api", "eu-west-1").add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


def signed_by_us(signer: Signer, path: str, body: bytes, moment: int) -> dict[str, str]:
    lines = signer.headers("POST", path, Payload.of(body).digest, moment).removesuffix("\r\n").split("\r\n")
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


@settings(max_examples=600, deadline=None)
@given(path=connection_ids, body=st.binary(max_size=200), moment=moments, token=tokens)
def test_a_signature_is_the_same_as_botocores(path: str, body: bytes, moment: int, token: str | None) -> None:
    credentials = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token)
    ours = signed_by_us(Signer(credentials, service="execute-api", region="eu-west-1", host=HOST), path, body, moment)
    theirs = signed_by_botocore(credentials, path, body, moment)
    assert ours == {name: theirs[name] for name in ours}
    assert "authorization" in ours


@settings(max_examples=200, deadline=None)
@given(st.lists(moments, min_size=2, max_size=6))
def test_what_a_signer_keeps_between_requests_is_never_stale(times: list[int]) -> None:
    credentials = Credentials("AKIDEXAMPLE", "secret")
    signer = Signer(credentials, service="execute-api", region="eu-west-1", host=HOST)
    for moment in times:
        fresh = Signer(credentials, service="execute-api", region="eu-west-1", host=HOST)
        assert signed_by_us(signer, "/websocket/x", b"", moment) == signed_by_us(fresh, "/websocket/x", b"", moment)
