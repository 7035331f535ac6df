"""Templates and packages as app.py writes them, with another table of the stage."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from infra.stage.context import read_context
from tests.deploy_check.edits import Edit
from tests.deploy_check.engine import ROOT
from tests.deploy_check.template import Json

AT_ONCE = 2


@dataclass(frozen=True)
class Synthesised:
    """`outdir` has the template. `refused`: why app.py made none, "" if it did."""

    edit: Edit
    outdir: Path
    refused: str

    def template(self, stack: str) -> Json:
        found: Json = json.loads((self.outdir / f"{stack}.template.json").read_text())
        return found


def base_of(stage: str) -> Json:
    """The stage's own table."""
    table: Json = read_context(ROOT / "cdk.json")["stages"][stage]
    return table


def synthesise(stage: str, edit: Edit, outdir: Path) -> Synthesised:
    """Run app.py as the CDK's command line does. Raises RuntimeError for a failure that is no refusal."""
    environment = {
        **os.environ,
        "STAGE": stage,
        "CDK_OUTDIR": str(outdir),
        # The CDK's own way to give an app another context.
        "CDK_CONTEXT_JSON": json.dumps({"stages": {stage: edit.stage}}),
    }
    command = [sys.executable, "app.py", "--package"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode and "app.py: " not in done.stderr:
        raise RuntimeError(f"{edit.name}: app.py failed:\n{done.stderr}")
    return Synthesised(edit, outdir, done.stderr.partition("app.py: ")[2].strip() if done.returncode else "")


def synthesise_all(stage: str, edits: Sequence[Edit], outdir: Path) -> list[Synthesised]:
    """Each of the edits; some at once, since a synthesis waits for Node.js most of the time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda one: synthesise(stage, one[1], outdir / str(one[0])), enumerate(edits)))
