"""Writes the CloudFormation template to `cdk.out/`: `python app.py`.

With `--package`, as the CDK command line runs it, the functions' packages too, which uv builds out of the lock file: it
may take them from the network. Else nothing is asked of AWS, git, Docker or the network, and the template alone, in
which the packages are missing, cannot be deployed.

The stage comes from `-c stage=prod`, which is the CDK's, else from the variable STAGE, else it is `dev`; what it is
stands in cdk.json.
"""

import argparse
import os
import sys
from pathlib import Path

from infra.context import read_context
from infra.node import NodeError, provide_node
from infra.packaging import PackagingError
from infra.stage import Stage, StageError

ROOT = Path(__file__).resolve().parent


def main(*, package: bool) -> None:
    """Synthesise one stack, named after its stage."""
    provide_node(os.environ)
    # aws_cdk starts Node.js when it is imported, so only now.
    from aws_cdk import App

    from infra.nag import check
    from infra.stack import LiveRooms

    context = read_context(ROOT / "cdk.json")
    if package:
        context["packages"] = str(ROOT / ".packages")
    outdir = os.environ.get("CDK_OUTDIR", str(ROOT / "cdk.out"))
    app = App(context=context, outdir=outdir, analytics_reporting=False)
    name = app.node.try_get_context("stage") or os.environ.get("STAGE") or "dev"
    stage = Stage.of(name, app.node.try_get_context("stages"))
    stack = LiveRooms(app, f"live-rooms-{name}", stage=stage)
    check(app, stack, stage)
    try:
        app.synth()
    except RuntimeError as error:
        if "ValidationFailed" not in str(error):
            raise
        # What was found has been said already.
        sys.exit("app.py: cdk-nag found what infra/nag.py does not accept")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the CloudFormation template.")
    parser.add_argument("--package", action="store_true", help="build the functions' packages too")
    try:
        main(package=parser.parse_args().package)
    except (NodeError, PackagingError, StageError) as error:
        sys.exit(f"app.py: {error}")
