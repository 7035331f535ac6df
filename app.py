"""Writes the CloudFormation template to `cdk.out/{stage}/`: `python app.py`.

With `--package`, which the CDK's command line uses, it also writes the functions' packages. uv builds them from the
lock file and may download wheels. Without the option nothing is asked of AWS, git, Docker or the network; the template
then has no packages and cannot be deployed.

The stage is the CDK's `-c stage=prod`, or the variable STAGE, or `dev`. The stages are in cdk.json.
"""

import argparse
import os
import sys
from pathlib import Path

from infra.packaging.build import PackagingError
from infra.packaging.node import NodeError, provide_node
from infra.progress import tell
from infra.schedule import ScheduleError, check_schedules
from infra.stage.context import read_context
from infra.stage.stage import Stage, StageError

ROOT = Path(__file__).resolve().parent


def main(*, package: bool) -> None:
    """Synthesise one stack, named after its stage."""
    check_schedules()
    provide_node(os.environ)
    tell("loading the CDK")
    # Importing aws_cdk starts Node.js, so it must come after provide_node.
    from aws_cdk import App

    from infra.nag import check
    from infra.stack import LiveRooms

    context = read_context(ROOT / "cdk.json")
    if package:
        context["packages"] = str(ROOT / ".packages")
    by_make = os.environ.get("STAGE") or "dev"
    # The CDK's command line has a directory of its own, and tells the stage in the context.
    outdir = os.environ.get("CDK_OUTDIR", str(ROOT / "cdk.out" / by_make))
    app = App(context=context, outdir=outdir, analytics_reporting=False)
    name = app.node.try_get_context("stage") or by_make
    stage = Stage.of(name, app.node.try_get_context("stages"))
    tell(f"making stage {name}{' and its packages' if package else ''}")
    stack = LiveRooms(app, f"live-rooms-{name}", stage=stage)
    check(app, stack, stage)
    tell("checking with cdk-nag, and writing the template")
    try:
        app.synth()
    except RuntimeError as error:
        if "ValidationFailed" not in str(error):
            raise
        # cdk-nag has printed its findings already.
        sys.exit("app.py: cdk-nag found what infra/nag.py does not accept")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the CloudFormation template.")
    parser.add_argument("--package", action="store_true", help="build the functions' packages too")
    try:
        main(package=parser.parse_args().package)
    except (NodeError, PackagingError, ScheduleError, StageError) as error:
        sys.exit(f"app.py: {error}")
    except KeyboardInterrupt:
        os._exit(130)  # Node.js has heard it, too, and jsii would complain
