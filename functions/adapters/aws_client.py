"""boto3's clients, which Lambda's Python carries, for what is asked now and then."""

from typing import Any


def aws_client(
    service: str, region: str, *, connect_seconds: float, answer_seconds: float, attempts: int = 2, **options: Any
) -> Any:
    """The client of a service, which any number of threads may use; `options` go to it.

    AWS_ENDPOINT_URL_<SERVICE> leads it elsewhere. Two attempts, since a connection that was kept over a freeze may be
    dead.
    """
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=connect_seconds,
        read_timeout=answer_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    # A session of its own: boto3's shared one is not for several threads.
    return boto3.session.Session().client(service, region_name=region, config=config, **options)
