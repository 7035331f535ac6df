"""The emulator: starts its parts in the order in which they need one another, and stops them in reverse.

One uvicorn serves everything on one port: the page, the WebSocket API, the connections API and the HTTP API.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import functions
from functions.manifest import FUNCTIONS, STAGE, Topic
from local.archive_address import ArchiveAddress
from local.aws.cloudwatch import CloudWatch
from local.aws.code_watch import CodeWatch
from local.aws.connections_api import ConnectionsApi
from local.aws.event_source_mapping import EventSourceMapping
from local.aws.gateway import Gateway, GatewayConfig
from local.aws.http_api import HttpApi, HttpApiConfig
from local.aws.lambda_runtime import Invoke, LambdaRuntime
from local.aws.schedule import Schedule
from local.deployment import CREDENTIALS, FAILURE_QUEUE, TABLE, TOKEN_SECRET, Deployment, Servers
from local.mint import Mint, fresh_keys, tokens_at
from local.options import Options
from local.page import Page
from local.router import Router
from local.servers.kafka import EmbeddedKafka
from local.servers.moto import Moto
from local.servers.moto_resources import REGION, MotoResources
from local.servers.process import ServerFailed, accepts
from local.servers.redis import EmbeddedRedis
from local.web_server import serve

HOST = "127.0.0.1"
# For servers that are given by their address, and may be starting too.
PATIENCE_SECONDS = 10

CODE = Path(functions.__path__[0])


class AddressInUse(Exception):
    """The port is taken; the message says so."""


class Emulator:
    """Every part, up while the context is entered. `address` is host:port."""

    def __init__(self, options: Options, environment: Mapping[str, str] = os.environ) -> None:
        self._options = options
        self._environment = environment
        self._mappings: dict[str, list[EventSourceMapping]] = {
            function.name: [] for function in FUNCTIONS if isinstance(function.trigger, Topic)
        }
        self._parts = {"redis": False, "kafka": False, "moto": False, "gateway": False}
        self._cloudwatch = CloudWatch()
        self._stack = contextlib.AsyncExitStack()
        self.address = ""

    def health(self) -> dict[str, bool]:
        """Whether each part is up."""
        readers = {
            name: bool(mappings) and all(mapping.ready for mapping in mappings)
            for name, mappings in self._mappings.items()
        }
        return {**self._parts, **readers}

    async def __aenter__(self) -> "Emulator":
        """Start everything; returns when all of it is ready. Raises AddressInUse, or ServerFailed with its output."""
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Stop everything; no process is left."""
        await self._stack.aclose()

    async def _start(self) -> None:
        listener = self._stack.enter_context(listen(self._options.port))
        self.address = f"{HOST}:{listener.getsockname()[1]}"
        servers = await self._start_servers()
        deployment = Deployment(self._options, servers, self._environment)
        runtime = await self._start_runtime(deployment)
        await self._stack.enter_async_context(serve(self._router(runtime.invoke, servers), listener))
        self._parts["gateway"] = True
        await self._start_mappings(deployment, runtime.invoke)
        await self._start_schedules(deployment, runtime.invoke)
        while not all(self.health().values()):  # noqa: ASYNC110  a consumer group tells nobody that it has joined
            await asyncio.sleep(0.02)

    async def _start_servers(self) -> Servers:
        # Side by side, as each takes a second or so. A group waits for those it has cancelled: none is left to itself.
        try:
            async with asyncio.TaskGroup() as group:
                redis = group.create_task(self._start_redis())
                kafka = group.create_task(self._start_kafka())
                aws = group.create_task(self._start_aws())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        aws_url, failure_queue_url = aws.result()
        return Servers(
            redis_url=redis.result(),
            kafka_bootstrap=kafka.result(),
            secrets_url=aws_url if self._options.auth_mode == "token" else "",
            aws_url=aws_url,
            failure_queue_url=failure_queue_url,
            connections_url=f"http://{self.address}/{STAGE}",
            websocket_url=f"ws://{self.address}/{STAGE}",
        )

    async def _start_redis(self) -> str:
        url = self._options.redis_url
        if url:
            await answered(_host_and_port(url), "REDIS_URL")
        else:
            redis = EmbeddedRedis()
            self._stack.push_async_callback(redis.stop)
            await redis.start()
            url = redis.url
        self._parts["redis"] = True
        return url

    async def _start_kafka(self) -> str:
        bootstrap = self._options.kafka_bootstrap
        if bootstrap:
            await answered(bootstrap.partition(",")[0].strip(), "KAFKA_BOOTSTRAP")
        else:
            kafka = EmbeddedKafka()
            self._stack.push_async_callback(kafka.stop)
            await kafka.start()
            bootstrap = kafka.bootstrap
        self._parts["kafka"] = True
        return bootstrap

    async def _start_aws(self) -> tuple[str, str]:
        """The URLs of moto and of the archive's failure queue in it."""
        url = self._options.aws_endpoint
        if url:
            await answered(_host_and_port(url), "AWS_ENDPOINT")
        else:
            moto = Moto()
            self._stack.push_async_callback(moto.stop)
            await moto.start()
            url = moto.url
        resources = MotoResources(url)
        await resources.make_table(TABLE)
        queue_url = await resources.make_queue(FAILURE_QUEUE)
        if self._options.auth_mode == "token":
            await resources.put_secret(TOKEN_SECRET, fresh_keys())
        self._parts["moto"] = True
        return url, queue_url

    async def _start_runtime(self, deployment: Deployment) -> LambdaRuntime:
        runtime = LambdaRuntime(
            deployment.functions(),
            root=CODE.parent,
            freeze=bool(self._options.freeze),
            write_line=self._cloudwatch.write_line,
        )
        await runtime.start()
        self._stack.push_async_callback(runtime.stop)
        watch = CodeWatch(CODE, lambda paths: runtime.replace_environments())
        await watch.start()
        self._stack.push_async_callback(watch.stop)
        return runtime

    def _router(self, invoke: Invoke, servers: Servers) -> Router:
        gateway = Gateway(
            invoke=invoke,
            config=GatewayConfig(
                domain_name=self.address,
                idle_seconds=self._options.idle_seconds,
                max_connection_seconds=self._options.max_connection_seconds,
                disconnect_loss=self._options.disconnect_loss,
            ),
        )
        self._stack.push_async_callback(gateway.stop)
        return Router(
            gateway=gateway,
            connections=ConnectionsApi(gateway=gateway, credentials=CREDENTIALS),
            http_api=HttpApi(invoke=invoke, config=HttpApiConfig.from_manifest(domain_name=self.address)),
            page=Page(),
            mint=Mint(tokens_at(servers.secrets_url) if servers.secrets_url else None),
            archive=ArchiveAddress(table=TABLE, endpoint=servers.aws_url, region=REGION),
            metrics=self._cloudwatch,
            health=self.health,
        )

    async def _start_mappings(self, deployment: Deployment, invoke: Invoke) -> None:
        for reader in deployment.topic_readers():
            mapping = EventSourceMapping(
                function=reader.function,
                topic=reader.topic.name,
                group=reader.group,
                bootstrap=deployment.servers.kafka_bootstrap,
                invoke=invoke,
                batch_size=reader.topic.batch_size,
                window_ms=reader.window_ms,
                report_batch_item_failures=reader.reports_failures,
            )
            await mapping.start()
            self._stack.push_async_callback(mapping.stop)
            self._mappings[reader.row].append(mapping)

    async def _start_schedules(self, deployment: Deployment, invoke: Invoke) -> None:
        for function in deployment.schedules():
            schedule = Schedule(function=function, seconds=self._options.sweep_seconds, invoke=invoke)
            await schedule.start()
            self._stack.push_async_callback(schedule.stop)


def _host_and_port(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}"


async def answered(address: str, setting: str) -> None:
    """Return when a server takes connections at `address` (host:port); raises ServerFailed when none does for long,
    which names the `setting` that it comes from."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await accepts(address):  # noqa: ASYNC110  a server elsewhere tells nobody that it has started
                await asyncio.sleep(0.1)
    except (TimeoutError, ValueError):
        raise ServerFailed(f"{setting}: no server answers at {address}") from None


@contextlib.contextmanager
def listen(port: int) -> Iterator[socket.socket]:
    """A listening socket on this machine alone; raises AddressInUse."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise AddressInUse(f"port {port} of {HOST} is taken: choose another with PORT or --port") from error
        listener.listen(4096)
        yield listener
