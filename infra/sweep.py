"""The clock: functions that are invoked at a fixed rate."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk.aws_events_targets import LambdaFunction
from constructs import Construct

from functions.manifest import Schedule
from infra.functions import Functions


class Sweep(Construct):
    """One EventBridge rule per scheduled function. Rates are whole minutes, and at least one."""

    def __init__(self, scope: Construct, id: str, *, functions: Functions) -> None:
        super().__init__(scope, id)
        for deployed, schedule in functions.triggered_by(Schedule):
            events.Rule(
                self,
                deployed.name,
                schedule=events.Schedule.rate(Duration.seconds(schedule.seconds)),
                targets=[LambdaFunction(deployed.alias)],
            )
