"""Fills the bucket of the pages when the stack is deployed, and empties it before the bucket is deleted.

CloudFormation invokes the function itself and waits for the answer that the function sends, an error too. Assets of
earlier deployments stay: a page that is still open may ask for one.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
"""

import asyncio
import json
import logging
import os
from pathlib import Path
from typing import Any

from functions.adapters.aws.bucket import Bucket, s3_client
from functions.adapters.aws.deployment import answer
from pages import site

JsonObject = dict[str, Any]

log = logging.getLogger(__name__)

# The function gives up so long before its time ends, so that the deployment shows its own error.
SPARE_SECONDS = 40.0


async def main(event: JsonObject, bucket: Bucket, *, root: Path = site.ROOT) -> None:
    """Do what CloudFormation asks for. Raises CallFailed."""
    if event["RequestType"] == "Delete":
        log.info("%s files are deleted", await bucket.empty())
        return
    addresses = json.dumps(event["ResourceProperties"]["Addresses"]).encode()
    key = site.key_of(site.STAGE_ADDRESSES)
    await bucket.put(key, addresses, content_type="application/json", cache_control="no-cache")
    for file in site.stored(root):
        await bucket.put(file.key, file.body, content_type=file.content_type, cache_control=file.cache_control)


def handler(event: JsonObject, context: Any) -> None:
    logging.getLogger().setLevel(logging.INFO)
    name = event["ResourceProperties"]["Bucket"]
    error = ""
    try:
        seconds = context.get_remaining_time_in_millis() / 1000 - SPARE_SECONDS
        bucket = Bucket(name, lambda: s3_client(os.environ["AWS_REGION"]))
        asyncio.run(asyncio.wait_for(main(event, bucket), seconds))
    except Exception as failed:
        log.exception("the pages are not as they should be")
        error = f"{type(failed).__name__}: {failed}"
    # The same in each answer: with another one CloudFormation would ask for the first to be deleted.
    answer(event, physical_id=f"pages in {name}", error=error)
