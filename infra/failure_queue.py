"""Queues for what failed for good. People read them; no function does."""

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct


def failure_queue(scope: Construct) -> sqs.Queue:
    """The failure queue of one box. Messages are kept for 14 days, the longest that SQS keeps any."""
    return sqs.Queue(
        scope,
        "Failures",
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(14),
    )
