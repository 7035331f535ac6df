"""Why a step can fail, and where to look then."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cause:
    """`name` is one word, for programs too; `check` what to look at, in the order in which it is likely."""

    name: str
    check: str


class Failed(Exception):
    """A step did not do what it should; the text says what was seen, `cause` what is likely behind it."""

    def __init__(self, what: str, cause: Cause) -> None:
        super().__init__(what)
        self.cause = cause


ADDRESS = Cause(
    "address",
    "Is --url the stack's output WebSocketUrl, with its stage /websocket, and --api its PlatformApiUrl, with /api? "
    "Does a firewall or a WAF stand in front?",
)
DNS = Cause("DNS", "Does the name resolve? A domain of your own needs its records; one just made takes a while.")
TLS = Cause("TLS", "Is the certificate issued for this name? Is there a proxy on the way that brings its own?")
ORIGIN = Cause("origin", "Is --origin among the stage's allowed_origins in cdk.json, with its scheme and port?")
AUTH = Cause(
    "auth",
    "Is --secret the TokenSecretArn of this very stack, and --region its own? Does --open fit the stage's auth_mode? "
    "The log of authorize says why a token is refused; may it read the secret (secretsmanager:GetSecretValue)?",
)
THROTTLE = Cause("throttle", "The stage's throttles in cdk.json, or the account's quota of requests per second.")
REDIS = Cause(
    "Redis",
    "The logs of connect and api: 'signing in ... failed' is IAM (elasticache:Connect on cache and user, the user in "
    "the cache's group); no answer is the network (ports 6379 and 6380 of the cache's security group, subnets, DNS).",
)
KAFKA = Cause(
    "Kafka",
    "The logs of connect and api: no answer is the network (port 9098 of the brokers' security group), a refusal is "
    "IAM (kafka-cluster:Connect). Is the cluster active?",
)
TOPIC = Cause(
    "topic",
    "The brokers answer, and yet nothing can be written: do both topics exist, and may the function write to them "
    "(IAM: kafka-cluster:DescribeTopic, WriteData, WriteDataIdempotently)? The log of connect says which.",
)
RELAY = Cause(
    "relay",
    "Connections can be reached and the log takes records, so the relay is not handed them, or may not post: the state "
    "of its event source mapping (enabled? LastProcessingResult; the topic, IAM kafka-cluster:ReadData and group, the "
    "network of the brokers), then the log of relay-0: 'POSTs were forbidden' is IAM (execute-api:ManageConnections).",
)
NAT = Cause(
    "NAT",
    "Neither the relay nor the api reaches @connections: is there a NAT gateway, or IPv6 with an egress-only gateway "
    "and a dual-stack API? An interface endpoint of execute-api in the VPC answers 403 in its place. Is "
    "CONNECTIONS_URL this API's? The logs: POSTs that 'failed' have no way out, 'forbidden' is the endpoint or IAM.",
)
TABLE = Cause("DynamoDB", "The log of api: IAM (dynamodb:Query on the table and its index), or no way to DynamoDB.")
ARCHIVE = Cause(
    "archive",
    "The save topic is not stored: the state of the archive's event source mapping, the log of archive, the queue at "
    "ArchiveFailureQueueUrl; IAM (kafka-cluster:ReadData, dynamodb:BatchWriteItem, UpdateItem).",
)
FUNCTION = Cause(
    "function",
    "A function failed or ran out of time: its log says how. A module that its package lacks, a setting, a role that "
    "may not reach the network, or a server that takes connections and says nothing (security groups, subnets).",
)
IAM = Cause("IAM", "The log of api: it has no credentials for @connections, or they are refused.")
PAGES = Cause(
    "pages",
    "The stack's events say whether Custom::Pages filled the bucket, and the log of the function pages why it did not. "
    "Does the bucket's policy name this distribution? Was an older page kept by a proxy on the way?",
)
GALLERY = Cause(
    "gallery",
    "Slots are read at the host of --api, below /gallery/: with edge.only CloudFront's, or a domain's. Does the "
    "distribution pass /gallery/* on, and keep errors for a second? The log of gallery: IAM "
    "(secretsmanager:GetSecretValue on the gallery's keys), or no way to Redis. 403 is a key that is not the api's. "
    "Slots that lack a chat were not written by relay-0: RelayLag, and its log.",
)
ROOMS = Cause("rooms", "They answer, but not as this version of the tool expects: are the functions of the same one?")

# How the HTTP API begins to say which server is away (functions/api/errors.py).
_AWAY = {"Redis": REDIS, "Kafka": KAFKA, "the table": TABLE, "the keys": AUTH, "connections": IAM}


def of_http(status: int, answer: Mapping[str, Any]) -> Cause:
    """Why the HTTP API answered with an error."""
    message = str(answer.get("message", ""))
    away = [cause for beginning, cause in _AWAY.items() if message.startswith(beginning)]
    if answer.get("error") == "unavailable" and away:
        return away[0]
    by_status = {401: AUTH, 403: AUTH, 404: ADDRESS, 405: ADDRESS, 429: THROTTLE}
    return FUNCTION if status >= 500 else by_status.get(status, ROOMS)


def of_handshake(status: int, *, origin: bool) -> Cause | None:
    """Why a handshake was refused; None where that takes asking which server is away."""
    if status in (502, 503, 504):
        return None
    by_status = {401: AUTH, 403: ORIGIN if origin else ADDRESS, 404: ADDRESS, 429: THROTTLE, 500: AUTH, 400: ROOMS}
    return by_status.get(status, ADDRESS)
