"""The archive in DynamoDB."""
