"""The only importers of redis, aiokafka, boto3 and HTTP."""
