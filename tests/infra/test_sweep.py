from functions.manifest import FUNCTIONS
from functions.triggers import Schedule
from tests.infra.cloud import Cloud


def test_the_clock_invokes_the_sweep_at_the_manifests_rate(cloud: Cloud) -> None:
    (row,) = (row for row in FUNCTIONS if isinstance(row.trigger, Schedule))
    assert isinstance(row.trigger, Schedule)
    rule = cloud.only("AWS::Events::Rule")
    minutes = row.trigger.seconds // 60
    assert rule["ScheduleExpression"] == f"rate({minutes} minute{'' if minutes == 1 else 's'})"
    (target,) = rule["Targets"]
    assert cloud.handler(target["Arn"]) == row.handler


def test_a_sweep_has_ended_before_the_next_begins() -> None:
    for row in FUNCTIONS:
        if isinstance(row.trigger, Schedule):
            assert row.timeout_seconds < row.trigger.seconds
