"""The check: create, compare what is left out, walk, edit by edit there and back, delete."""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from pages import site
from tests.deploy_check.engine import REGION, Engine
from tests.deploy_check.left_out import ATTRIBUTES, PROPERTIES, SMOKE, TYPES
from tests.deploy_check.stack import Refused, Stack
from tests.deploy_check.synthesis import Synthesised
from tests.deploy_check.template import Json, alone
from tools.smoke.cause import Failed
from tools.smoke.command import PLATFORM, token_source
from tools.smoke.options import SmokeOptions
from tools.smoke.platform import Platform
from tools.smoke.walk import Walk


class Check:
    """`problems` are lines; none means that all is as it should be. `whole`: all edits are made, so what no
    template has is of no use in left_out.py."""

    def __init__(self, engine: Engine, name: str, *, whole: bool) -> None:
        self.problems: list[str] = []
        self._engine = engine
        self._name = name
        self._whole = whole
        self._stack = Stack(engine, name)

    def run(self, base: Synthesised, edits: Sequence[Synthesised]) -> None:
        self._compare([base.template(self._name), *(one.template(self._name) for one in edits if not one.refused)])
        try:
            self._stack.create(base.outdir)
        except Refused as refused:
            self._problem("create", str(refused))
            return
        print(f"created     {self._stack.resources()} resources; {sum(self._stack.left_out.values())} are left out")
        self._smoke()
        for edit in edits:
            self._edit(base, edit)
        try:
            self._stack.delete()
            print("deleted")
        except Refused as refused:
            self._problem("delete", str(refused))

    def _problem(self, what: str, text: str) -> None:
        self.problems.append(f"{what}: {text}")
        print(f"FAILED      {what}: {text}", flush=True)

    def _edit(self, base: Synthesised, edit: Synthesised) -> None:
        """An update and the way back. After a rollback the stack is as before."""
        name = edit.edit.name
        if edit.refused:
            print(f"refused     {name}: {edit.refused.splitlines()[-1].strip()}")
            return
        for outdir, way in ((edit.outdir, name), (base.outdir, f"{name}, back")):
            try:
                changed = self._stack.update(outdir)
            except Refused as refused:
                self._problem(way, str(refused))
                return
            print(f"{'updated' if changed else 'no change':<11} {way}", flush=True)
            self._compare_files(way)

    def _compare_files(self, way: str) -> None:
        """The bucket, if the stack has one now, with what this tree would put into it."""
        found = self._stack.files()
        if found is None:
            return
        addresses = json.loads(found.pop("stage.json")["Body"].read()) if "stage.json" in found else {}
        if addresses.get("websocket") != self._stack.outputs["WebSocketUrl"]:
            self._problem(way, f"stage.json has {addresses}")
        wanted = {one.key: (one.content_type, one.cache_control, one.body) for one in site.stored()}
        there = {key: (one["ContentType"], one["CacheControl"], one["Body"].read()) for key, one in found.items()}
        if there != wanted:
            wrong = sorted(key for key in there.keys() | wanted.keys() if there.get(key) != wanted.get(key))
            self._problem(way, f"these files of the pages are not as they should be: {', '.join(wrong)}")
        print(f"pages       {len(there)} files are in the bucket")

    def _compare(self, templates: Sequence[Json]) -> None:
        """What is left out, with what MiniStack refuses."""
        there = {one["Type"] for template in templates for one in template["Resources"].values()}
        refused = {kind for template in templates for kind in self._stack.unrecognized(template)}
        # It tells of a type of its own kind only when it has run its function.
        listed = {kind for kind in TYPES if not kind.startswith("Custom::")}
        for kind in sorted(refused - listed):
            self._problem("left_out.py", f"{kind} is not known to MiniStack, and is missing from TYPES")
        for kind in sorted((listed & there) - refused):
            self._problem("left_out.py", f"{kind} is known to MiniStack now: take it out of TYPES")
        for kind in sorted(TYPES.keys() - there if self._whole else ()):
            self._problem("left_out.py", f"{kind} is in no template: take it out of TYPES")
        for kind, name in PROPERTIES:
            self._compare_property(kind, name, templates)
        for kind, attribute in ATTRIBUTES:
            self._compare_attribute(kind, attribute, templates)

    def _compare_property(self, kind: str, name: str, templates: Sequence[Json]) -> None:
        """MiniStack must refuse a resource of the type, alone in a stack, in words that name the property."""
        for template in templates:
            for one in template["Resources"].values():
                if one["Type"] == kind and name in one.get("Properties", {}):
                    reason = self._stack.refusal_of(alone(one, template))
                    if name not in reason:
                        self._problem(
                            "left_out.py", f"{kind}.{name} is no reason to refuse it now ({reason or 'taken'})"
                        )
                    return
        self._problem("left_out.py", f"{kind}.{name} is in no template: take it out of PROPERTIES")

    def _compare_attribute(self, kind: str, attribute: str, templates: Sequence[Json]) -> None:
        """MiniStack must refuse to tell the attribute, in words that name it."""
        for template in templates:
            for one in template["Resources"].values():
                if one["Type"] == kind:
                    value = {"Fn::Select": [0, {"Fn::GetAtt": ["One", attribute]}]}
                    reason = self._stack.refusal_of({**alone(one, template), "Outputs": {"O": {"Value": value}}})
                    if attribute not in reason:
                        self._problem("left_out.py", f"{kind}.{attribute} is told now: take it out of ATTRIBUTES")
                    return

    def _smoke(self) -> None:
        """Walk as after a deployment. The steps that fail must be those that SMOKE names."""
        failed = asyncio.run(walked(self._engine, self._stack.outputs))
        for step in sorted(SMOKE.keys() - failed.keys()):
            self._problem("smoke", f"{step} is well now: take it out of SMOKE")
        for step, said in failed.items():
            expected, _ = SMOKE.get(step, ("", ""))
            if not expected or expected not in said:
                self._problem("smoke", f"{step}: {said}; left_out.py expects {expected or 'nothing of it'}")


async def walked(engine: Engine, outputs: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with each step of `tools smoke` that fails. The handshake's failure is the last: the others rely on
    it."""
    os.environ.update(AWS_ENDPOINT_URL=engine.url, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
    place = f"127.0.0.1:{engine.port}/_aws/execute-api"
    api, platform = (
        str(urlsplit(outputs[name]).hostname).partition(".")[0] for name in ("WebSocketUrl", "PlatformApiUrl")
    )
    url, base = f"ws://{place}/{api}/websocket", f"http://{place}/{platform}/$default/api"
    given = ["--url", url, "--api", base, "--secret", outputs["TokenSecretArn"], "--region", REGION, "--patience", "5"]
    options = SmokeOptions.parse(given, {})
    source = token_source(options)
    walk = Walk(options, source, Platform(options.api, await source(PLATFORM)))
    failed: dict[str, str] = {}
    try:
        for name, step in walk.steps():
            try:
                print(f"smoke       {name}: {await step()}", flush=True)
            except Failed as failure:
                failed[name] = str(failure)
                print(f"smoke       {name}: not so, {failure}", flush=True)
                if name == "handshake":
                    break
    finally:
        await walk.end()
    return failed
