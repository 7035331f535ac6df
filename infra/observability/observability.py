"""Observability: the stage's metrics on a dashboard, and alarms for those that people must know of."""

from constructs import Construct

from infra.observability.alarms import Alarms
from infra.observability.dashboard import Dashboard
from infra.observability.measures import Measures


class Observability(Construct):
    """`topic_arn`: the SNS topic that receives the alarms, which are `alarms`, by id."""

    def __init__(self, scope: Construct, id: str, *, measures: Measures) -> None:
        super().__init__(scope, id)
        alarms = Alarms(self, "Alarms", measures=measures)
        self.alarms = alarms.by_id
        Dashboard(self, "Dashboard", measures=measures, alarms=alarms)
        self.topic_arn: str = alarms.topic.topic_arn
