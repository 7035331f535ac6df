"""`python -m tests.deploy_check`: exit status 0, or 1 with what is wrong."""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from tests.deploy_check.check import Check
from tests.deploy_check.edits import Edit, edits
from tests.deploy_check.engine import EngineError, running
from tests.deploy_check.left_out import ATTRIBUTES, EDITS, PROPERTIES, SMOKE, TYPES
from tests.deploy_check.synthesis import base_of, synthesise, synthesise_all


def main() -> int:
    # MiniStack is ended with this, also by who ends it from outside.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser(prog="python -m tests.deploy_check", description=__doc__)
    parser.add_argument("--stage", default="dev", help="of cdk.json (default: dev)")
    parser.add_argument("--only", action="append", help="an edit, by its name as it is printed; may be repeated")
    arguments = parser.parse_args()
    base = base_of(arguments.stage)
    found, missing = edits(base)
    if unknown := set(arguments.only or ()) - {one.name for one in found}:
        parser.error(f"there is no edit {', '.join(unknown)}; there are {', '.join(one.name for one in found)}")
    chosen = [one for one in found if not arguments.only or one.name in arguments.only]
    try:
        with running() as engine, tempfile.TemporaryDirectory() as directory:
            print(
                f"MiniStack {engine.version}; {len(chosen)} edits of stage {arguments.stage} are synthesised",
                flush=True,
            )
            outdir = Path(directory)
            first = synthesise(arguments.stage, Edit("base", base), outdir / "base")
            check = Check(engine, f"live-rooms-{arguments.stage}", whole=not arguments.only)
            check.problems += [f"edits.py: {name} has no edit: say in TOGETHER what it takes" for name in missing]
            check.run(first, synthesise_all(arguments.stage, chosen, outdir))
    except EngineError as error:
        sys.exit(f"deploy-check: {error}")
    _report(check.problems)
    return 1 if check.problems else 0


def _report(problems: list[str]) -> None:
    print("\nleft out (tests/deploy_check/left_out.py):")
    for name, one in [*TYPES.items(), *((".".join(key), one) for key, one in PROPERTIES.items())]:
        print(f"  {name}: {one.reason}")
    for (kind, attribute), (reason, _) in ATTRIBUTES.items():
        print(f"  {kind}.{attribute}, as an attribute: {reason}")
    for name, reason in EDITS.items():
        print(f"  the edit of {name}: {reason}")
    for step, (_, reason) in SMOKE.items():
        print(f"  smoke, {step}: {reason}")
    print("\nall is well" if not problems else f"\n{len(problems)} problems:")
    for problem in problems:
        print(f"  {problem}")


if __name__ == "__main__":
    sys.exit(main())
