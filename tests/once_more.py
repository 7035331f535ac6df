"""Runs pytest, and in CI the tests that failed once more, beside no others.

`python -m tests.once_more OPTIONS -- MORE`: the first run has all the arguments, the second OPTIONS and the tests that
failed. Tests that pass then are listed as unsteady. docs/adr/0037-ci-runs-what-failed-once-more.md says why.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

import pytest

# More have a cause that they share, and no busy machine.
MOST = 3


class Failed:
    """A plugin that notes which tests failed."""

    def __init__(self) -> None:
        self.tests: list[str] = []
        self.is_crash = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.nodeid not in self.tests:
            self.tests.append(report.nodeid)
            # The report of a worker that died belongs to no phase of a test.
            self.is_crash |= report.when not in ("setup", "call", "teardown")


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Returns pytest's exit code: of the second run, if there was one."""
    end = arguments.index("--")
    options, more = arguments[:end], arguments[end + 1 :]
    failed = Failed()
    status = int(pytest.main([*options, *more], plugins=[failed]))
    is_again = status == pytest.ExitCode.TESTS_FAILED and environment.get("CI") == "true"
    if not is_again or failed.is_crash or not 0 < len(failed.tests) <= MOST:
        return status
    print(f"\nOnce more, beside no others: {len(failed.tests)} that failed", flush=True)
    again = subprocess.run([sys.executable, "-m", "pytest", *options, *failed.tests], check=False)
    if again.returncode == 0:
        print("Unsteady, since they failed and then passed:", *failed.tests, sep="\n  ", flush=True)
    return again.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
