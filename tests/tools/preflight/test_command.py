"""The command as people type it, and the findings of a real template about an account in a table."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.infra.synthesis import ROOT, synthesised
from tests.tools.preflight.stubs import ACCOUNT, REGION, Stubs, quota, ready, zone
from tools.__main__ import main
from tools.failure import Failure
from tools.preflight import command
from tools.preflight.account import Account, action
from tools.preflight.command import CHECKS, ask
from tools.preflight.finding import Finding
from tools.preflight.plan import Plan, read

Findings = Callable[..., list[Finding]]
DEPLOYED = {"Stacks": [{"StackName": "any", "StackStatus": "UPDATE_COMPLETE", "CreationTime": "2026-11-30T00:00:00Z"}]}


BROKERS = {"BrokerNodeGroupInfo": {"ClientSubnets": [], "InstanceType": "kafka.m7g.large"}, "NumberOfBrokerNodes": 89}


def stack_is(status: str) -> dict[str, Any]:
    return {"Stacks": [{**DEPLOYED["Stacks"][0], "StackStatus": status}]}


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """The plan of `prod`, as app.py writes it."""
    outdir = synthesised(tmp_path_factory, "prod")
    table = json.loads((ROOT / "cdk.json").read_text())["context"]["stages"]["prod"]
    return replace(read(outdir, "prod", table), account=None, region=None)


@pytest.fixture
def found(prod: Plan) -> Findings:
    """What is found when the account answers as `ready`, with changes."""

    def find(changes: dict[str, Any] | None = None, plan: Plan = prod) -> list[Finding]:
        return asyncio.run(ask(Account(REGION, Stubs({**ready(), **(changes or {})})), plan))

    return find


def of(findings: list[Finding], level: str) -> dict[str, str]:
    return {one.name: one.text for one in findings if one.level == level}


def test_nothing_stops_the_deployment_into_an_account_that_has_all(found: Findings, prod: Plan) -> None:
    bound = replace(prod, account=ACCOUNT, region=REGION)
    assert {one.level for one in found(plan=bound)} == {"ok"}
    names = {one.name for one in found(plan=bound)}
    assert {"credentials", "account", "Region", "zones", "VPCs", "elastic IPs", "MSK brokers", "names"} <= names


# What an account lacks, the line that says so, and a word of the way out.
MISSING: list[tuple[dict[str, Any], str, str]] = [
    ({"ssm.get_parameter": "ParameterNotFound"}, "CDK bootstrap", "npx aws-cdk@2 bootstrap"),
    ({"ssm.get_parameter": {"Parameter": {"Value": "5"}}}, "CDK bootstrap", "6 is needed"),
    (
        {"ec2.describe_regions": {"Regions": [{"RegionName": REGION, "OptInStatus": "not-opted-in"}]}},
        "Region",
        "enable it",
    ),
    ({"cloudformation.describe_stacks": stack_is("ROLLBACK_COMPLETE")}, "stack", "delete-stack"),
    ({"cloudformation.describe_stacks": stack_is("UPDATE_ROLLBACK_FAILED")}, "stack", "continue-update-rollback"),
    ({"cloudformation.describe_stacks": stack_is("UPDATE_IN_PROGRESS")}, "stack", "wait"),
    ({"ec2.describe_availability_zones": {"AvailabilityZones": [zone(f"{REGION}a")]}}, "zones", "availability_zones"),
    (
        {
            "ec2.describe_availability_zones": {
                "AvailabilityZones": [zone(f"{REGION}a"), zone(f"{REGION}b", "impaired")]
            }
        },
        "zones",
        f"{REGION}b cannot be used",
    ),
    (
        {"ec2.describe_addresses": {"Addresses": [{}] * 4}, "service-quotas.get_service_quota": quota(5)},
        "elastic IPs",
        "L-0263D0A3",
    ),
    ({"ec2.describe_vpcs": {"Vpcs": [{}] * 5}, "service-quotas.get_service_quota": quota(5)}, "VPCs", "L-F678F1CE"),
    (
        {
            "kafka.list_clusters_v2": {"ClusterInfoList": [{"ClusterName": "theirs", "Provisioned": BROKERS}]},
            "service-quotas.get_service_quota": "NoSuchResourceException",
        },
        "MSK brokers",
        "89 in use, ",
    ),
    (
        {"elasticache.describe_users": lambda asked: {"Users": [{"UserId": asked["UserId"]}]}},
        "names",
        "is there already",
    ),
    ({"kafka.list_kafka_versions": {"KafkaVersions": [{"Version": "2.8.1"}]}}, "Kafka version", "it has 2.8.1"),
]


def test_what_is_missing_stops_it_in_one_line_with_the_way_out(found: Findings) -> None:
    for changes, name, way in MISSING:
        stops = of(found(changes), "stop")
        assert list(stops) == [name], changes
        assert way in stops[name], changes
        assert "\n" not in stops[name], changes


def test_a_new_account_of_ten_environments_is_warned(found: Findings, prod: Plan) -> None:
    ten = {"AccountLimit": {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}}
    warned = of(found({"lambda.get_account_settings": ten}), "warning")
    assert "5 mappings × 12 partitions" in warned["Lambda concurrency"]
    assert "L-B99A9384" in warned["Lambda concurrency"]


def test_a_reservation_that_leaves_too_few_stops_it(found: Findings, prod: Plan) -> None:
    resources = json.loads(json.dumps(prod.template["Resources"]))
    function = next(one for one in resources.values() if one["Type"] == "AWS::Lambda::Function")
    function["Properties"]["ReservedConcurrentExecutions"] = 24
    reserving = replace(prod, template={"Resources": resources})
    for free, stops in ((123, True), (124, False)):
        settings = {"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": free}}
        levels = {one.name: one.level for one in found({"lambda.get_account_settings": settings}, reserving)}
        assert (levels.get("Lambda reservations") == "stop") is stops, free


def test_a_stack_that_is_there_keeps_its_names_and_its_share_of_the_quotas(found: Findings) -> None:
    there = found({"cloudformation.describe_stacks": DEPLOYED, "service-quotas.get_service_quota": quota(1)})
    assert of(there, "stop") == {}
    assert "UPDATE_COMPLETE" in of(there, "ok")["stack"]
    assert not {"names", "VPCs", "elastic IPs"} & {one.name for one in there}


def test_the_wrong_account_stops_it_and_no_account_is_warned(found: Findings, prod: Plan) -> None:
    other = replace(prod, account="999988887777")
    assert ACCOUNT in of(found(plan=other), "stop")["account"]
    assert "nothing keeps it from another" in of(found(), "warning")["account"]


def test_zones_are_those_that_have_a_default_subnet_as_cloudformation_takes_them(found: Findings) -> None:
    there = {"AvailabilityZones": [zone(f"{REGION}{letter}") for letter in "abcd"]}
    subnets = {"Subnets": [{"AvailabilityZone": f"{REGION}{letter}"} for letter in "bcd"]}
    answers = {"ec2.describe_availability_zones": there, "ec2.describe_subnets": subnets}
    assert of(found(answers), "ok")["zones"].startswith(f"{REGION}b")
    assert of(found(), "ok")["zones"].startswith(f"{REGION}a")


def test_a_broker_type_that_a_zone_may_lack_is_a_warning(found: Findings) -> None:
    offers = {"InstanceTypeOfferings": [{"Location": f"{REGION}a"}]}
    assert f"{REGION}b" in of(found({"ec2.describe_instance_type_offerings": offers}), "warning")["broker type"]


def test_a_call_that_is_not_allowed_is_a_warning_that_names_the_right(found: Findings) -> None:
    for call in ready():
        service, _, method = call.partition(".")
        if service == "sts":
            continue
        for code in ("AccessDeniedException", "UnauthorizedOperation", "Client.UnauthorizedOperation", "AccessDenied"):
            findings = found({call: code})
            assert of(findings, "stop") == {}, (call, code)
            warnings = [one.text for one in findings if action(service, method) in one.text]
            # Two are for what prod does not have, or for a stack that is there.
            unused = ("cloudformation.describe_stack_resources", "ec2.describe_vpc_endpoint_services")
            assert bool(warnings) is (call not in (*unused, "dynamodb.describe_table")), (call, code)


def test_an_answer_that_nobody_expects_is_one_line(found: Findings) -> None:
    warned = of(found({"lambda.get_account_settings": "Teapot\nof many\nlines"}), "warning")["Lambda concurrency"]
    assert warned.startswith("not known: ")
    assert "\n" not in warned
    assert len(warned) < 250


def test_without_credentials_or_network_there_is_one_clear_line(found: Findings) -> None:
    for code in ("ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch"):
        with pytest.raises(Failure, match="no usable AWS credentials") as failure:
            found({"sts.get_caller_identity": code})
        assert "\n" not in str(failure.value), code


def test_the_command_says_that_there_are_no_credentials(
    prod: Plan, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "synthesised", lambda stage: prod)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    assert main(["preflight", "--stage", "prod", "--region", REGION]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "set AWS_PROFILE" in said.err
    # Nobody listens there.
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert main(["preflight", "--stage", "prod", "--region", REGION]) == 1
    assert "AWS cannot be reached" in capsys.readouterr().err


def test_the_command_prints_lines_or_json_and_its_status_tells(
    prod: Plan, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "synthesised", lambda stage: prod)
    for answers, status in ((ready(), 0), ({**ready(), "ssm.get_parameter": "ParameterNotFound"}, 1)):
        monkeypatch.setattr(command, "Account", lambda region, answers=answers: Account(region, Stubs(answers)))
        assert main(["preflight", "--stage", "prod"], {"AWS_REGION": REGION}) == status
        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == f"stage prod as live-rooms-prod in {REGION}"
        assert lines[-1].startswith("It would fail: 1" if status else "Nothing known stops it")
        assert main(["preflight", "--stage", "prod", "--region", REGION, "--json"], {}) == status
        told = json.loads(capsys.readouterr().out)
        assert told["ok"] is (status == 0)
        assert len(told["findings"]) == len(lines) - 3


def test_a_region_must_be_known(
    prod: Plan, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "synthesised", lambda stage: prod)
    assert main(["preflight", "--stage", "prod"], {}) == 1
    assert "--region" in capsys.readouterr().err


def test_a_stage_that_is_wrong_is_told_as_at_synthesis(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preflight", "--stage", "nope", "--region", REGION], {}) == 1
    said = capsys.readouterr().err
    assert said.startswith("python -m tools preflight: no stage 'nope' in cdk.json")
    assert said.count("\n") == 1


async def test_every_call_only_reads_and_is_listed(prod: Plan) -> None:
    stubs = Stubs(ready())
    await ask(Account(REGION, stubs), prod)
    assert {method.partition("_")[0] for _, _, method in stubs.asked} <= {"describe", "get", "list"}
    listed = (ROOT / "docs" / "preflight.md").read_text()
    assert {right for s, _, m in stubs.asked if (right := action(s, m)) not in listed} == set()


def test_each_check_has_a_name_of_its_own() -> None:
    assert len(CHECKS) == 4 + 1 + 5 + 3 + 5 + 1 + 2


def test_the_plan_is_read_from_what_the_cdk_writes(prod: Plan, tmp_path: Path) -> None:
    assert prod.stack == "live-rooms-prod"
    assert prod.bootstrap == (6, "/cdk-bootstrap/hnb659fds/version")
    manifest = {
        "artifacts": {
            "a": {
                "type": "aws:cloudformation:stack",
                "environment": f"aws://{ACCOUNT}/{REGION}",
                "properties": {
                    "templateFile": "t.json",
                    "stackName": "b",
                    "requiresBootstrapStackVersion": 6,
                    "bootstrapStackVersionSsmParameter": "/p",
                },
            }
        }
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "t.json").write_text('{"Resources": {}}')
    bound = read(tmp_path, "x", {})
    assert (bound.stack, bound.account, bound.region) == ("b", ACCOUNT, REGION)
    assert bound.text({"Fn::Join": [".", ["com", {"Ref": "AWS::Region"}, "lambda"]]}) == f"com.{REGION}.lambda"
    assert bound.text({"Fn::Join": [".", ["com", {"Ref": "Other"}]]}) is None
