"""The archive: the table of what was said and who watched, and the queue of what could not be stored."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.stage import ArchiveStage, Stage

TOP = "top"


class Archive(Construct):
    """`table` and `failures`. Items go when their time, `expires`, has come; the table may be restored to any second
    of the last 35 days.

    Where the stage keeps its archive, no deployment deletes the table, nor does deleting the stack.
    """

    def __init__(self, scope: Construct, id: str, *, stage: Stage) -> None:
        super().__init__(scope, id)
        self.table = self._make_table(stage.archive)
        self.failures = sqs.Queue(
            self,
            "Failures",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )

    @property
    def index_arn(self) -> str:
        """What IAM calls the index of those who watched longest."""
        return f"{self.table.table_arn}/index/{TOP}"

    def _make_table(self, archive: ArchiveStage) -> dynamodb.Table:
        def text(name: str) -> dynamodb.Attribute:
            return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)

        table = dynamodb.Table(
            self,
            # Another name is another table, and what becomes of the old one is up to its removal policy.
            "Table" if archive.generation == 1 else f"Table{archive.generation}",
            partition_key=text("pk"),
            sort_key=text("sk"),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            time_to_live_attribute="expires",
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=archive.keep,
            removal_policy=RemovalPolicy.RETAIN if archive.keep else RemovalPolicy.DESTROY,
        )
        table.add_global_secondary_index(
            index_name=TOP,
            partition_key=text("topOf"),
            sort_key=dynamodb.Attribute(name="seconds", type=dynamodb.AttributeType.NUMBER),
            projection_type=dynamodb.ProjectionType.INCLUDE,
            non_key_attributes=["userId", "username"],
        )
        return table
