"""The account of the credentials that boto3 finds, asked and never changed."""

from collections.abc import Callable, Mapping
from typing import Any

from functions.adapters.aws.client import CallFailed, ThreadedClient, aws_client
from tools.failure import Failure

Answer = dict[str, Any]
Client = Callable[[str, str], Any]

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 15.0

# What services answer to who may not ask.
REFUSED = frozenset(
    {"AccessDenied", "AccessDeniedException", "AuthorizationError", "ForbiddenException", "UnauthorizedOperation"}
)
# Nobody is known by these credentials, so nothing at all can be asked.
UNKNOWN = frozenset(
    {
        *("AuthFailure", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "InvalidClientTokenId"),
        *("InvalidSignatureException", "SignatureDoesNotMatch", "UnrecognizedClientException", "RequestExpired"),
    }
)
# boto3's own, before it sends anything.
NO_CREDENTIALS = frozenset(
    {
        *("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "CredentialRetrievalError"),
        *("SSOTokenLoadError", "UnauthorizedSSOTokenError", "TokenRetrievalError", "ConfigParseError"),
    }
)
NO_NETWORK = frozenset(
    {
        *("EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ConnectionClosedError"),
        *("ProxyConnectionError", "SSLError", "HTTPClientError"),
    }
)
ABSENT = ("NotFound", "NotFoundException", "NotFoundFault", "DoesNotExist", ".NotFound")
# Names that do not end so; CloudFormation and Route 53 have words of their own.
ABSENT_TOO = frozenset({"NoSuchHostedZone", "NoSuchResourceException", "ValidationError", "InvalidHostedZoneId"})

PREFIXES = {"service-quotas": "servicequotas"}


class NoRight(Exception):
    """The credentials may not ask this; the message is the IAM action that they lack."""


class Absent(Exception):
    """The account has no such thing; the message is AWS's."""


class Account:
    """`client` makes boto3's client of a service in a Region."""

    def __init__(self, region: str, client: Client | None = None) -> None:
        self.region = region
        self._make = client or _client
        self._clients: dict[tuple[str, str], ThreadedClient] = {}

    async def ask(self, service: str, method: str, *, region: str = "", **arguments: Any) -> Answer:
        """What AWS answers. Raises NoRight, Absent, CallFailed for another refusal, and Failure if nothing can be asked
        with these credentials or from here."""
        where = region or self.region
        client = self._clients.setdefault((service, where), ThreadedClient(lambda: self._make(service, where)))
        try:
            return await client.call(method, **arguments)
        except CallFailed as failed:
            raise _meaning(failed, action(service, method)) from None

    async def all(self, service: str, method: str, key: str, **arguments: Any) -> list[Any]:
        """The list `key` of all pages."""
        found: list[Any] = []
        token: Mapping[str, Any] = {}
        while True:
            answer = await self.ask(service, method, **arguments, **token)
            found += answer.get(key, ())
            if not answer.get("NextToken"):
                return found
            token = {"NextToken": answer["NextToken"]}


def action(service: str, method: str) -> str:
    """The IAM action of a method of boto3: `ec2:DescribeVpcs`."""
    if service == "apigateway":  # its actions are those of HTTP
        return "apigateway:GET"
    name = "".join(word[0].upper() + word[1:] for word in method.split("_"))
    return f"{PREFIXES.get(service, service)}:{name}"


def _meaning(failed: CallFailed, right: str) -> Exception:
    code = failed.code.removeprefix("Client.")
    if code in REFUSED:
        return NoRight(right)
    if code in UNKNOWN or code in NO_CREDENTIALS:
        return Failure(f"no usable AWS credentials ({failed}): sign in (aws sso login), or set AWS_PROFILE")
    if code in NO_NETWORK:
        return Failure(f"AWS cannot be reached: {failed}")
    if code.endswith(ABSENT) or code in ABSENT_TOO:
        return Absent(str(failed))
    return failed


def _client(service: str, region: str) -> Any:
    return aws_client(service, region, connect_seconds=CONNECT_SECONDS, answer_seconds=ANSWER_SECONDS, attempts=2)
