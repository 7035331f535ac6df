"""The metrics that AWS's documentation names, of those services that the dashboard and the alarms look at.

Each namespace has sets of dimensions, and the names that are told under each of them.
"""

from collections.abc import Mapping

Documented = Mapping[tuple[str, ...], frozenset[str]]

DOCUMENTED: Mapping[str, Documented] = {
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
    "AWS/ApiGateway": {
        ("ApiId", "Stage"): frozenset(
            {"ConnectCount", "MessageCount", "IntegrationError", "ClientError", "ExecutionError", "IntegrationLatency"}
        ),
        ("ApiId",): frozenset({"4xx", "5xx", "Count", "IntegrationLatency", "Latency", "DataProcessed"}),
    },
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    "AWS/Lambda": {
        ("FunctionName",): frozenset({"Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions"})
    },
    # https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/serverless-metrics-events-redis.html
    # The dimension is in lower case: https://github.com/cdklabs/cdk-monitoring-constructs/issues/750
    "AWS/ElastiCache": {
        ("clusterId",): frozenset(
            {
                "BytesUsedForCache",
                "ElastiCacheProcessingUnits",
                "ThrottledCmds",
                "CurrConnections",
                "NewConnections",
                "Evictions",
                "IamAuthenticationExpirations",
                "IamAuthenticationThrottling",
            }
        )
    },
    # https://docs.aws.amazon.com/msk/latest/developerguide/metrics-details.html, those of the level DEFAULT
    "AWS/Kafka": {
        ("Cluster Name", "Broker ID"): frozenset(
            {"CpuUser", "CpuSystem", "KafkaDataLogsDiskUsed", "ConnectionCount", "UnderReplicatedPartitions"}
        ),
        ("Cluster Name",): frozenset({"OfflinePartitionsCount"}),
        ("Cluster Name", "Consumer Group", "Topic"): frozenset({"EstimatedMaxTimeLag", "MaxOffsetLag", "SumOffsetLag"}),
    },
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    "AWS/DynamoDB": {
        ("TableName",): frozenset({"ConsumedWriteCapacityUnits", "ConsumedReadCapacityUnits", "WriteThrottleEvents"})
    },
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    "AWS/SQS": {("QueueName",): frozenset({"ApproximateNumberOfMessagesVisible", "NumberOfMessagesSent"})},
}
