"""A stage: one deployment's table in `cdk.json`, parsed and checked."""
