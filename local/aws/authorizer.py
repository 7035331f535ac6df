"""The handshake's authorizer, of type REQUEST: its identity sources, and the policy and context that it returns.

Faithful: a missing or empty identity source means 401 and no invocation; all statements of the policy are evaluated,
with wildcards; an explicit Deny wins, and a policy that allows nothing means 403; later events have the context's
values as strings; a result above 8 KB, a missing principalId or a context value that is no string, number or boolean
is a misconfiguration (500).
Not faithful: `Condition`, `NotAction`, `NotResource` and policy variables are not evaluated, but refused by name.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-lambda-authorizer-output.html
"""

import json
import re
from typing import Any

from local.aws.function import JsonObject
from local.aws.payloads import Pairs

RESULT_LIMIT = 8 * 1024
_ACTION = "execute-api:Invoke"
_NOT_EVALUATED = ("Condition", "NotAction", "NotResource")


class MisconfiguredError(Exception):
    """The authorizer's result is invalid; the message says why."""


class DeniedError(Exception):
    """The policy does not allow the connection."""


def has_identity(sources: tuple[str, ...], headers: Pairs, query: Pairs) -> bool:
    """Whether the request has every identity source, and none is empty."""
    parameters = {f"route.request.querystring.{name}": value for name, value in query}
    lowered = {f"route.request.header.{name.lower()}": value for name, value in headers}
    return all(parameters.get(source) or lowered.get(source.lower()) for source in sources)


def judge(result: Any, method_arn: str, *, latency_ms: int) -> JsonObject:
    """`requestContext.authorizer` for an authorizer's `result`; raises DeniedError or MisconfiguredError."""
    if not isinstance(result, dict):
        raise MisconfiguredError("it returned no object")
    # As the runtime sends it: the runtimes since Python 3.12 write UTF-8, and no escapes.
    if len(json.dumps(result, ensure_ascii=False).encode("utf-8", "surrogatepass")) > RESULT_LIMIT:
        raise MisconfiguredError(f"its result is larger than {RESULT_LIMIT} bytes")
    principal = result.get("principalId")
    if not isinstance(principal, str) or not principal:
        raise MisconfiguredError("principalId is missing")
    policy = result.get("policyDocument")
    if not isinstance(policy, dict):
        raise MisconfiguredError("policyDocument is missing")
    context = _context(result.get("context"))
    if not _allows(policy, method_arn):
        raise DeniedError
    return {**context, "principalId": principal, "integrationLatency": latency_ms}


def _context(context: Any) -> dict[str, str]:
    if context is None:
        return {}
    if not isinstance(context, dict):
        raise MisconfiguredError("context is not an object")
    for name, value in context.items():
        if not isinstance(value, str | int | float):
            raise MisconfiguredError(f"context.{name} is neither string, number nor boolean")
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in context.items()}


def _allows(policy: JsonObject, method_arn: str) -> bool:
    statements = policy.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list):
        raise MisconfiguredError("the policy has no Statement")
    effects = {_effect(statement, method_arn) for statement in statements}
    return "Allow" in effects and "Deny" not in effects


def _effect(statement: Any, method_arn: str) -> str | None:
    """The effect of one statement on the connection, None if the statement does not match it."""
    if not isinstance(statement, dict):
        raise MisconfiguredError("a statement is not an object")
    for key in _NOT_EVALUATED:
        if key in statement:
            raise MisconfiguredError(f"the emulator does not evaluate {key}")
    effect = statement.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise MisconfiguredError(f"Effect is {effect!r}")
    actions, resources = _patterns(statement, "Action"), _patterns(statement, "Resource")
    matches_action = any(_matches(pattern.lower(), _ACTION.lower()) for pattern in actions)
    return effect if matches_action and any(_matches(pattern, method_arn) for pattern in resources) else None


def _patterns(statement: JsonObject, key: str) -> list[str]:
    value = statement.get(key)
    patterns = [value] if isinstance(value, str) else value
    if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
        raise MisconfiguredError(f"{key} is neither a string nor a list of strings")
    if any("${" in pattern for pattern in patterns):
        raise MisconfiguredError("the emulator does not evaluate policy variables")
    return patterns


def _matches(pattern: str, text: str) -> bool:
    """IAM's wildcards: `*` any run of characters, `?` exactly one."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text, re.DOTALL) is not None
