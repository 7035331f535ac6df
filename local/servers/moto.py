"""DynamoDB, SQS and Secrets Manager for a laptop: moto's server, which answers AWS's own clients and keeps everything
in memory.

`python -m local.servers.moto` runs one in the foreground and prints its URL.
"""

import argparse
import sys
from pathlib import Path

from local.servers.foreground import run_in_foreground
from local.servers.moto_resources import REGION, MotoResources
from local.servers.process import ServerFailed, ServerProcess, accepts
from local.servers.server import Server

__all__ = ["REGION", "Moto"]

START_SECONDS = 30.0


class Moto(Server):
    """A new start is an empty one, on another port. It checks neither signatures nor permissions."""

    def __init__(self) -> None:
        super().__init__()
        self._url = ""

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, known from the start on."""
        if not self._url:
            raise ServerFailed("moto has no address before it is started")
        return self._url

    async def start(self) -> None:
        """Start it and wait until it takes connections; raises ServerFailed if it does not."""
        self._process = process = ServerProcess("moto")
        script = Path(__file__).with_name("moto_server.py")
        try:
            # -P: this directory has a redis.py and a moto.py, which must not be taken for the packages
            await process.start([sys.executable, "-P", str(script)])
            await process.until(self._has_spoken, seconds=START_SECONDS)
            self._url = self._told()
            await process.until(self._accepts, seconds=START_SECONDS)
        except BaseException:
            await self.kill()
            raise

    async def put_secret(self, name: str, text: str) -> None:
        """Give the secret of this name a new text; made if it is not there."""
        await MotoResources(self.url).put_secret(name, text)

    def _told(self) -> str:
        assert self._process is not None
        lines = [line for line in self._process.output.splitlines(keepends=True) if line.startswith("http://")]
        return lines[0].strip() if lines and lines[0].endswith("\n") else ""

    async def _has_spoken(self) -> bool:
        return bool(self._told())

    async def _accepts(self) -> bool:
        return await accepts(self.url.removeprefix("http://"))


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    argparse.ArgumentParser(prog="python -m local.servers.moto", description="Run moto").parse_args(arguments)
    moto = Moto()
    return run_in_foreground(moto, lambda: moto.url)


if __name__ == "__main__":
    sys.exit(main())
