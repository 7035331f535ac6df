"""The table "What an edit does" of docs/deploy.md, made of what CloudFormation would do: prints it.

python -m tests.infra.edit_table
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.infra.change import Change, change
from tests.infra.cloud import JsonObject
from tests.infra.edits import EDITS, Edit
from tests.infra.kinds import read

# What costs something to make anew, in the words of docs/deploy.md.
BOXES = {
    "AWS::ApiGatewayV2::DomainName": "domain",
    "AWS::CloudFront::Distribution": "distribution",
    "AWS::CodeDeploy::Application": "CodeDeploy",
    "AWS::DynamoDB::Table": "table",
    "AWS::EC2::FlowLog": "flow log",
    "AWS::EC2::NatGateway": "NAT gateway",
    "AWS::EC2::VPC": "VPC",
    "AWS::EC2::VPCEndpoint": "endpoint",
    "AWS::ElastiCache::ServerlessCache": "cache",
    "AWS::Lambda::EventSourceMapping": "mapping",
    "AWS::Lambda::Function": "function",
    "AWS::MSK::Cluster": "cluster",
    "AWS::MSK::ServerlessCluster": "cluster",
    "AWS::S3::Bucket": "bucket",
    "AWS::SecretsManager::Secret": "secret",
}


class Templates:
    """The template of each stage, synthesised once, in an app of its own: the time of one with many stacks grows with
    the square of their number."""

    def __init__(self, outdir: Path) -> None:
        self._outdir = outdir
        self._made: dict[str, JsonObject] = {}

    def change(self, edit: Edit) -> Change:
        """What an edit does."""
        return change(self._template(edit.before), self._template(edit.after))

    def _template(self, changed: JsonObject) -> JsonObject:
        from aws_cdk import App

        from infra.stack import LiveRooms

        key = json.dumps(changed, sort_keys=True)
        if key not in self._made:
            app = App(outdir=str(self._outdir / str(len(self._made))), analytics_reporting=False)
            LiveRooms(app, "rooms", stage=read("dev", changed))
            # What the CDK and cfn-lint object to in such templates, test_kinds.py tells.
            app.synth(skip_validation=True)
            self._made[key] = json.loads(Path(app.outdir, "rooms.template.json").read_text())
        return self._made[key]


def row(name: str, edit: Edit, done: Change) -> str:
    """The line of an edit: what it is, the settings, and what happens."""
    settings = ", ".join(f"`{setting}`" for setting in edit.settings)
    return f"| {name} | {settings} | {'; '.join(_effects(done))} |"


def _effects(done: Change) -> Iterator[str]:
    replaced = {BOXES[kind] for kind in done.types(done.replaced) if kind in BOXES}
    added, removed = (_boxes(ids, done) for ids in (done.added, done.removed))
    both = {box for box in added if box in removed} | replaced
    if both:
        yield f"**made anew**: {_listed(both)}"
    if added.keys() - both:
        yield f"made: {_listed(added.keys() - both)}"
    if removed.keys() - both:
        yield f"deleted: {_listed(removed.keys() - both)}"
    functions = {id for id in done.updated if done.after[id]["Type"] == "AWS::Lambda::Function"}
    renamed = {id for id in done.added if done.after[id]["Type"] == "AWS::Lambda::Version"}
    if renamed and functions:
        yield "new versions of functions"
    if not both and not (added or removed or renamed):
        yield "in place"


def _boxes(ids: frozenset[str], done: Change) -> Mapping[str, None]:
    every = {**done.before, **done.after}
    return dict.fromkeys(BOXES[every[id]["Type"]] for id in sorted(ids) if every[id]["Type"] in BOXES)


def _listed(boxes: set[str] | frozenset[str]) -> str:
    return ", ".join(sorted(boxes))


def table(templates: Templates) -> str:
    """The whole table."""
    head = ["| Edit | Settings | What happens |", "|---|---|---|"]
    return "\n".join([*head, *(row(name, edit, templates.change(edit)) for name, edit in EDITS.items())])


if __name__ == "__main__":
    import os

    from infra.packaging.node import provide_node

    provide_node(os.environ)
    with tempfile.TemporaryDirectory() as directory:
        print(table(Templates(Path(directory))))
