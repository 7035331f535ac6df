"""What a stage would deploy: its template, as app.py writes it, and its table of cdk.json.

The checks read the template rather than the settings. So a new setting needs no second reading here.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.failure import Failure

ROOT = Path(__file__).resolve().parents[2]

Table = Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """`account`, `region`: what the stage is bound to, None if to none. `bootstrap`: the version of the CDK's bootstrap
    stack that the deployment asks for, and the SSM parameter that tells the account's."""

    stack: str
    template: Table
    table: Table
    account: str | None
    region: str | None
    bootstrap: tuple[int, str]

    def of(self, kind: str) -> list[Table]:
        """The properties of all resources of a type."""
        return [one.get("Properties", {}) for one in self.template["Resources"].values() if one["Type"] == kind]

    def literals(self, beginning: str) -> list[str]:
        """Every text of the template that begins so, once each: the ids of what exists already."""
        found = (text for text in texts(self.template["Resources"]) if text.startswith(beginning))
        return sorted(set(found))

    def text(self, value: Any) -> str | None:
        """A value that is known before the deployment, None for another: a text, or texts joined with the Region."""
        if isinstance(value, str):
            return value
        if isinstance(value, Mapping) and value.get("Ref") == "AWS::Region":
            return self.region
        if isinstance(value, Mapping) and "Fn::Join" in value:
            parts = [self.text(part) for part in value["Fn::Join"][1]]
            return None if None in parts else str(value["Fn::Join"][0]).join(str(part) for part in parts)
        return None


def texts(value: Any) -> Iterator[str]:
    """Every text in a tree of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)


def synthesised(stage: str) -> Plan:
    """Let app.py write the stage's template. Raises Failure with what it says of an invalid stage."""
    with tempfile.TemporaryDirectory() as outdir:
        done = subprocess.run(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env={**os.environ, "STAGE": stage, "CDK_OUTDIR": outdir},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failure(_why(done.stderr))
        return read(Path(outdir), stage, json.loads((ROOT / "cdk.json").read_text())["context"]["stages"][stage])


def _why(said: str) -> str:
    """What app.py says; of a traceback its last line."""
    text = said.strip()
    lines = text.splitlines() or ["app.py says nothing"]
    if "Traceback" not in text:
        return text.removeprefix("app.py: ") or lines[-1]
    missing = "ModuleNotFoundError" in lines[-1]
    return f"app.py: {lines[-1]}" + ("; `make preflight` installs what it needs" if missing else "")


def read(outdir: Path, stage: str, table: Table) -> Plan:
    """The plan out of what the CDK has written."""
    artifacts = json.loads((outdir / "manifest.json").read_text())["artifacts"]
    ((stack, artifact),) = [one for one in artifacts.items() if one[1]["type"] == "aws:cloudformation:stack"]
    properties = artifact["properties"]
    account, _, region = str(artifact["environment"]).removeprefix("aws://").partition("/")
    return Plan(
        stack=properties.get("stackName", stack),
        template=json.loads((outdir / properties["templateFile"]).read_text()),
        table={**table, "name": stage},
        account=None if account.startswith("unknown") else account,
        region=None if region.startswith("unknown") else region,
        bootstrap=(properties["requiresBootstrapStackVersion"], properties["bootstrapStackVersionSsmParameter"]),
    )
