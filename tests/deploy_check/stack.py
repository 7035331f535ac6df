"""The stack in MiniStack: created, updated, deleted, as CloudFormation is asked to."""

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tests.deploy_check.engine import ACCOUNT, REGION, Engine
from tests.deploy_check.template import Json, reduced

BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"
DEADLINE_SECONDS, PAUSE_SECONDS = 300.0, 0.05
UNRECOGNIZED = re.compile(r"Unrecognized resource types: \[(.*?)\]")


class Refused(Exception):
    """MiniStack refused a template, or rolled it back; the message is its reason."""


class Stack:
    """A stack of a name. `left_out`: the lines of left_out.py that were used, with how many resources each."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.name = name
        self.left_out: dict[str, int] = {}
        self._cloud = engine.client("cloudformation")
        self._storage = engine.client("s3")
        self._url = f"{engine.url}/{BUCKET}"
        engine.client("ssm").put_parameter(Name=BOOTSTRAP, Value="28", Type="String", Overwrite=True)
        self._storage.create_bucket(Bucket=BUCKET)

    def create(self, outdir: Path) -> None:
        """From what app.py has written. Raises Refused."""
        self._apply(self._cloud.create_stack, self._prepared(outdir), "CREATE_COMPLETE", OnFailure="DO_NOTHING")

    def update(self, outdir: Path) -> bool:
        """Whether there was anything to update. Raises Refused."""
        try:
            self._apply(self._cloud.update_stack, self._prepared(outdir), "UPDATE_COMPLETE")
        except ClientError as error:
            if "No updates are to be performed" in str(error):
                return False
            raise Refused(str(error)) from None
        return True

    def delete(self) -> None:
        id = self._id()
        self._cloud.delete_stack(StackName=id)
        status, reason = self._end(id)
        if status != "DELETE_COMPLETE":
            raise Refused(f"{status}: {reason}")

    @property
    def outputs(self) -> Mapping[str, str]:
        found = self._cloud.describe_stacks(StackName=self.name)["Stacks"][0].get("Outputs", [])
        return {one["OutputKey"]: one["OutputValue"] for one in found}

    def resources(self) -> int:
        pages = self._cloud.get_paginator("list_stack_resources").paginate(StackName=self.name)
        return sum(len(page["StackResourceSummaries"]) for page in pages)

    def files(self) -> dict[str, dict[str, Any]] | None:
        """What S3 answers for each file in the bucket of the pages, by its key; None if the stack has no bucket."""
        pages = self._cloud.get_paginator("list_stack_resources").paginate(StackName=self.name)
        every = (one for page in pages for one in page["StackResourceSummaries"])
        bucket = next((one["PhysicalResourceId"] for one in every if one["ResourceType"] == "AWS::S3::Bucket"), None)
        if bucket is None:
            return None
        listed = self._storage.list_objects_v2(Bucket=bucket).get("Contents", ())
        return {one["Key"]: self._storage.get_object(Bucket=bucket, Key=one["Key"]) for one in listed}

    def unrecognized(self, template: Json) -> set[str]:
        """The types of a template that MiniStack says it does not know; nothing is created."""
        key = "probe.json"
        self._storage.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(template))
        try:
            self._cloud.create_stack(
                StackName="probe", TemplateURL=f"{self._url}/{key}", Capabilities=["CAPABILITY_IAM"]
            )
        except ClientError as error:
            found = UNRECOGNIZED.search(str(error))
            if found is None:
                raise Refused(str(error)) from None
            return set(found[1].split(", "))
        return set()

    def refusal_of(self, template: Json) -> str:
        """Why MiniStack does not create a small template, "" if it does; nothing of it stays."""
        name = "alone"
        self._cloud.create_stack(StackName=name, TemplateBody=json.dumps(template), OnFailure="DO_NOTHING")
        id = str(self._cloud.describe_stacks(StackName=name)["Stacks"][0]["StackId"])
        status, reason = self._end(id)
        self._cloud.delete_stack(StackName=id)
        self._end(id)
        return "" if status == "CREATE_COMPLETE" else reason

    def _prepared(self, outdir: Path) -> str:
        """Upload the packages and the template without what is left out; returns the template's address."""
        template, out = reduced(json.loads((outdir / f"{self.name}.template.json").read_text()))
        for line in out.values():
            self.left_out[line] = self.left_out.get(line, 0) + 1
        for asset in json.loads((outdir / f"{self.name}.assets.json").read_text())["files"].values():
            source = outdir / asset["source"]["path"]
            (destination,) = asset["destinations"].values()
            if source.suffix == ".zip":
                self._storage.upload_file(str(source), BUCKET, destination["objectKey"])
        key = f"{self.name}.json"
        self._storage.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(template))
        return f"{self._url}/{key}"

    def _apply(self, call: Any, url: str, wanted: str, **options: Any) -> None:
        call(StackName=self.name, TemplateURL=url, Capabilities=["CAPABILITY_IAM"], **options)
        status, reason = self._end(self._id())
        if status != wanted:
            raise Refused(f"{status}: {reason}")

    def _id(self) -> str:
        return str(self._cloud.describe_stacks(StackName=self.name)["Stacks"][0]["StackId"])

    def _end(self, id: str) -> tuple[str, str]:
        """The status in which CloudFormation's work ends, and the first reason of a failure."""
        end = time.monotonic() + DEADLINE_SECONDS
        while True:
            stack = self._cloud.describe_stacks(StackName=id)["Stacks"][0]
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                return stack["StackStatus"], self._reason(id) or stack.get("StackStatusReason", "")
            if time.monotonic() > end:
                raise Refused(f"still {stack['StackStatus']} after {DEADLINE_SECONDS:g} s")
            time.sleep(PAUSE_SECONDS)

    def _reason(self, id: str) -> str:
        """Of the newest operation: the first resource that failed."""
        reasons = []
        for event in self._cloud.describe_stack_events(StackName=id)["StackEvents"]:  # the newest first
            if event["ResourceType"] == "AWS::CloudFormation::Stack" and event["ResourceStatus"] in (
                "UPDATE_IN_PROGRESS",
                "CREATE_IN_PROGRESS",
            ):
                break
            if event["ResourceStatus"].endswith("_FAILED") and event["ResourceType"] != "AWS::CloudFormation::Stack":
                reasons.append(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}")
        return reasons[-1] if reasons else ""
