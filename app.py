"""Writes the CloudFormation template to `cdk.out/`: `python app.py`, or through the CDK command line.

The stage comes from `-c stage=prod`, else from the variable STAGE, else it is `dev`; what it is stands in
cdk.json. Nothing is asked of AWS, git, Docker or the network.
"""

import json
import os
import sys
from pathlib import Path

from infra.node import NodeError, provide_node
from infra.stage import Stage, StageError

ROOT = Path(__file__).resolve().parent


def main() -> None:
    """Synthesise one stack, named after its stage."""
    provide_node(os.environ)
    # aws_cdk starts Node.js when it is imported, so only now.
    from aws_cdk import App

    from infra.stack import LiveRooms

    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    outdir = os.environ.get("CDK_OUTDIR", str(ROOT / "cdk.out"))
    app = App(context=context, outdir=outdir, analytics_reporting=False)
    name = app.node.try_get_context("stage") or os.environ.get("STAGE") or "dev"
    stage = Stage.of(name, app.node.try_get_context("stages"))
    LiveRooms(app, f"live-rooms-{name}", stage=stage)
    app.synth()


if __name__ == "__main__":
    try:
        main()
    except (NodeError, StageError) as error:
        sys.exit(f"app.py: {error}")
