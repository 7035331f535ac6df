from typing import Any

from local.aws.authorizer import DeniedError, MisconfiguredError, has_identity, judge

ARN = "arn:aws:execute-api:us-east-1:000000000000:local00000/websocket/$connect"


def statement(effect: str = "Allow", action: Any = "execute-api:Invoke", resource: Any = ARN) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource}


def result(*statements: Any, **more: Any) -> dict[str, Any]:
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    return {"principalId": "alice", "policyDocument": policy, **more}


def test_a_policy_that_allows_the_connection_lets_it_in() -> None:
    for allowing in (
        [statement()],
        [statement(action="*", resource="*")],
        [statement(action="execute-api:*", resource="arn:aws:execute-api:*:*:*/websocket/*")],
        [statement(action="EXECUTE-API:invoke")],
        [statement(action=["s3:GetObject", "execute-api:Invoke"], resource=["arn:aws:s3:::b", ARN])],
        [statement(resource=ARN[:-1] + "?")],
        [statement("Deny", resource="arn:aws:execute-api:*/prod/*"), statement()],
        [statement("Deny", action="execute-api:ManageConnections"), statement()],
    ):
        allowed = judge(result(*allowing), ARN, latency_ms=5)
        assert allowed == {"principalId": "alice", "integrationLatency": 5}, allowing


def is_denied(*statements: Any) -> bool:
    try:
        judge(result(*statements), ARN, latency_ms=5)
    except DeniedError:
        return True
    return False


def test_a_policy_that_does_not_allow_or_denies_keeps_it_out() -> None:
    for denying in (
        [],
        [statement("Deny")],
        [statement(), statement("Deny", resource="*")],
        [statement("Deny", resource="*"), statement()],
        [statement(action="execute-api:ManageConnections")],
        [statement(resource=ARN[:-1])],
        [statement(resource=ARN.upper())],
        [statement(resource=ARN + "?")],
    ):
        assert is_denied(*denying), denying


def test_a_single_statement_need_not_be_in_a_list() -> None:
    answer = {"principalId": "a", "policyDocument": {"Statement": statement()}}
    assert judge(answer, ARN, latency_ms=0)["principalId"] == "a"


def test_context_values_become_strings() -> None:
    context = {"text": "ü", "whole": 3, "part": 1.5, "yes": True, "no": False}
    answer = judge(result(statement(), context=context), ARN, latency_ms=1)
    assert answer == {
        "text": "ü",
        "whole": "3",
        "part": "1.5",
        "yes": "true",
        "no": "false",
        "principalId": "alice",
        "integrationLatency": 1,
    }


def why_it_cannot_be_used(broken: Any) -> str:
    try:
        judge(broken, ARN, latency_ms=5)
    except MisconfiguredError as error:
        return str(error)
    return ""


def test_a_result_that_cannot_be_used_says_why() -> None:
    for broken, reason in (
        (None, "no object"),
        ("Allow", "no object"),
        ({"policyDocument": {"Statement": [statement()]}}, "principalId"),
        ({"principalId": 7, "policyDocument": {"Statement": [statement()]}}, "principalId"),
        ({"principalId": "a"}, "policyDocument"),
        ({"principalId": "a", "policyDocument": {}}, "Statement"),
        (result("Allow"), "not an object"),
        (result({**statement(), "Effect": "allow"}), "Effect"),
        (result({**statement(), "Condition": {}}), "does not evaluate Condition"),
        (result({"Effect": "Allow", "NotAction": "x", "Resource": "*"}), "does not evaluate NotAction"),
        (result(statement(resource="arn:${aws:username}")), "policy variables"),
        (result(statement(resource=None)), "Resource"),
        (result(statement(action=[1])), "Action"),
        (result(statement(), context=["a"]), "context"),
        (result(statement(), context={"list": []}), "context.list"),
        (result(statement(), context={"null": None}), "context.null"),
        (result(statement(), context={"long": "x" * 9000}), "8192"),
    ):
        assert reason in why_it_cannot_be_used(broken), broken


def test_a_query_parameter_is_an_identity_source() -> None:
    for query, there in (
        ([("activityId", "42")], True),
        ([("activityId", "")], False),
        ([("activityid", "42")], False),
        ([], False),
    ):
        assert has_identity(("route.request.querystring.activityId",), [], query) is there, query


def test_a_header_is_an_identity_source_in_any_case() -> None:
    sources = ("route.request.header.Authorization",)
    assert has_identity(sources, [("authorization", "x")], [])
    assert not has_identity(sources, [("Authorization", "")], [])
    assert not has_identity(sources, [], [("Authorization", "x")])
