"""What the servers of this package have in common: how they end."""

from local.servers.process import ServerProcess


class Server:
    """A server in a process of its own, which `start` makes."""

    def __init__(self) -> None:
        self._process: ServerProcess | None = None

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL; what it kept is gone."""
        if self._process is not None:
            try:
                await self._process.stop()
            finally:
                self._process.remove()
                self._process = None

    async def kill(self) -> None:
        """SIGKILL, as a crash would; what it kept is gone."""
        if self._process is not None:
            await self._process.kill()
        await self.stop()
