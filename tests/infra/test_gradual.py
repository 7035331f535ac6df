"""Gradual deployments, and versions that stay."""

from collections.abc import Callable

import pytest

from tests.infra.cloud import Cloud, id_in

Varied = Callable[..., Cloud]


@pytest.mark.parametrize(
    ("deployment", "configuration"),
    [("canary", "LambdaCanary10Percent10Minutes"), ("linear", "LambdaLinear10PercentEvery1Minute")],
)
def test_every_alias_but_the_sweeps_moves_by_and_by_and_back_with_an_alarm(
    varied: Varied, deployment: str, configuration: str
) -> None:
    cloud = varied(deployment=deployment)
    groups = cloud.all("AWS::CodeDeploy::DeploymentGroup")
    assert {one["DeploymentConfigName"] for one in groups.values()} == {f"CodeDeployDefault.{configuration}"}
    alarms = cloud.all("AWS::CloudWatch::Alarm")
    aliases = {id: one for id, one in cloud.template["Resources"].items() if one["Type"] == "AWS::Lambda::Alias"}
    moved = {id for id, one in aliases.items() if "UpdatePolicy" in one}
    assert {id for id in aliases if "sweep" in id} == aliases.keys() - moved
    for id in moved:
        policy = aliases[id]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
        group = groups[policy["DeploymentGroupName"]["Ref"]]
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        used = [alarms[id_in(one["Name"])]["AlarmName"] for one in group["AlarmConfiguration"]["Alarms"]]
        # CodeDeploy takes ten.
        assert 1 <= len(used) <= 10
        if "authorize" not in id:
            assert any(name.startswith("live-rooms-dev-fails-") for name in used), id


def test_who_moves_the_aliases_may_move_those_of_the_stack_alone(varied: Varied) -> None:
    cloud = varied(deployment="canary")
    (role,) = (id for id in cloud.roles() if id.startswith("Gradual"))
    assert "ManagedPolicyArns" not in cloud.all("AWS::IAM::Role")[role]
    for statement in cloud.roles()[role]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        everywhere = statement["Resource"] == "*"
        assert everywhere == (actions == ["cloudwatch:DescribeAlarms"])


def test_all_at_once_takes_no_codedeploy(small_cloud: Cloud) -> None:
    assert not small_cloud.all("AWS::CodeDeploy::DeploymentGroup")
    assert not small_cloud.all("AWS::CodeDeploy::Application")


def test_versions_stay_where_the_stage_says_so(varied: Varied, small_cloud: Cloud) -> None:
    def policies(cloud: Cloud) -> set[str]:
        every = cloud.template["Resources"].values()
        return {one.get("DeletionPolicy", "Delete") for one in every if one["Type"] == "AWS::Lambda::Version"}

    assert policies(small_cloud) == {"Delete"}
    assert policies(varied(keep_versions=True)) == {"RetainExceptOnCreate"}
