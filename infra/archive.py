"""The archive: the table of events and watch time, and the queue for records that cannot be stored."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.failure_queue import failure_queue
from infra.stage.archive import ArchiveStage
from infra.stage.stage import Stage

TOP, USER = "top", "user"


class Archive(Construct):
    """`table` and `failures`. Items expire at their attribute `expires`. The table can be restored to any second of the
    last 35 days.

    With `archive.keep` no deployment deletes the table, and deleting the stack does not either.
    """

    def __init__(self, scope: Construct, id: str, *, stage: Stage) -> None:
        super().__init__(scope, id)
        name = stage.archive.table
        self.table = self._find_table(name) if name else self._make_table(stage.archive)
        self.kms_key_arn = stage.archive.kms_key_arn or ""
        self.failures = failure_queue(self)

    @property
    def index_arns(self) -> list[str]:
        """The ARNs of the indexes: of the longest watch times, and of all that is stored of a user."""
        return [f"{self.table.table_arn}/index/{name}" for name in (TOP, USER)]

    def _find_table(self, name: str) -> dynamodb.ITable:
        return dynamodb.Table.from_table_attributes(self, "Table", table_name=name, global_indexes=[TOP, USER])

    def _make_table(self, archive: ArchiveStage) -> dynamodb.ITable:
        def text(name: str) -> dynamodb.Attribute:
            return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)

        table = dynamodb.Table(
            self,
            # A new construct id makes a new table. The old one's removal policy decides what becomes of the old one.
            "Table" if archive.generation == 1 else f"Table{archive.generation}",
            partition_key=text("pk"),
            sort_key=text("sk"),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED if archive.kms_key_arn else None,
            encryption_key=kms.Key.from_key_arn(self, "Key", archive.kms_key_arn) if archive.kms_key_arn else None,
            time_to_live_attribute="expires",
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=archive.keep,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if archive.keep else RemovalPolicy.DESTROY,
        )
        table.add_global_secondary_index(
            index_name=TOP,
            partition_key=text("topOf"),
            sort_key=dynamodb.Attribute(name="seconds", type=dynamodb.AttributeType.NUMBER),
            projection_type=dynamodb.ProjectionType.INCLUDE,
            non_key_attributes=["userId", "username"],
        )
        table.add_global_secondary_index(
            index_name=USER,
            partition_key=text("userId"),
            sort_key=text("pk"),
            projection_type=dynamodb.ProjectionType.KEYS_ONLY,
        )
        return table
