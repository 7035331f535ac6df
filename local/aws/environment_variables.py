"""The environment variables that Lambda sets for a function.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
"""

import os
import time
import uuid
from pathlib import Path

from local.aws.function import FunctionSpec

ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"
_VERSION = "$LATEST"
# All that a function inherits from the developer's own environment: Python does not run without it.
_INHERITED = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "VIRTUAL_ENV")
_DEFAULTS = {
    # A folder that does not exist, so that boto3 does not find the developer's ~/.aws.
    "HOME": "/home/sbx_user1051",
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
}


def function_arn(spec: FunctionSpec) -> str:
    """The function's ARN, in the region that its environment names."""
    return f"arn:aws:lambda:{_region(spec)}:{ACCOUNT}:function:{spec.name}"


def process_environment(spec: FunctionSpec, *, root: Path, runtime_api: str) -> dict[str, str]:
    """The whole environment of one execution environment; `runtime_api` is `host:port`."""
    stream = f"{time.strftime('%Y/%m/%d', time.gmtime())}/[{_VERSION}]{uuid.uuid4().hex}"
    reserved = {
        "_HANDLER": spec.handler,
        "AWS_REGION": _region(spec),
        "AWS_DEFAULT_REGION": _region(spec),
        # For 3.12 and newer, awslambdaric polls from a new thread for each event, which is half as fast.
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
        "AWS_LAMBDA_FUNCTION_VERSION": _VERSION,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{spec.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "LAMBDA_TASK_ROOT": str(root),
    }
    return {**inherited_environment(), "PYTHONPATH": str(root), **spec.environment, **reserved}


def inherited_environment() -> dict[str, str]:
    """What every process of a function has, whatever the function is."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ} | _DEFAULTS


def _region(spec: FunctionSpec) -> str:
    return spec.environment.get("AWS_REGION", DEFAULT_REGION)
