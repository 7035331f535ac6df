"""The emulator: starts its parts in the order of their needs, and stops them in reverse.

One uvicorn serves everything on one port: the page, the WebSocket API, the connections API and the HTTP API.
"""

import asyncio
import contextlib
import json
import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import functions
from functions.manifest import FUNCTIONS, STAGE
from functions.triggers import Topic
from local.aws.cloudwatch import CloudWatch
from local.aws.connections_api import ConnectionsApi
from local.aws.distribution import Distribution
from local.aws.event_source_mapping import EventSourceMapping
from local.aws.fork_server import ForkServer, can_fork
from local.aws.function import Invoke
from local.aws.function_process import Launch
from local.aws.gateway import Gateway
from local.aws.gateway_config import GatewayConfig
from local.aws.http_api import HttpApi
from local.aws.http_payload import HttpApiConfig
from local.aws.lambda_api import LambdaApi
from local.aws.lambda_runtime import LambdaRuntime
from local.aws.schedule import invoke_at_rate
from local.aws.web_server import serve
from local.background import in_background
from local.deployment import (
    CREDENTIALS,
    EDGE_SECRET,
    FAILURE_QUEUE,
    GALLERY_SECRET,
    TABLE,
    TOKEN_SECRET,
    Deployment,
    Servers,
    has_gallery,
)
from local.edits import Code, picked_up
from local.local_api import LocalApi, fresh_keys, tokens_at
from local.options import Options
from local.pages import Pages
from local.router import Router
from local.servers.given import answered
from local.servers.kafka import EmbeddedKafka
from local.servers.moto import REGION, Moto, MotoResources
from local.servers.redis import EmbeddedRedis
from local.servers.server import Server

HOST = "127.0.0.1"
CODE = Path(functions.__path__[0])
# What takes most of a cold start: imported once for all environments. They read no environment variable when imported.
SHARED_MODULES = ("snapshot_restore_py", "simplejson", "redis.asyncio.cluster", "aiokafka")


class AddressInUse(Exception):
    """Another program listens on the port."""


class Emulator:
    """Every part; all are up while the context is entered. `address` is host:port, `runtime` runs the functions."""

    runtime: LambdaRuntime
    _lambda_api: LambdaApi

    def __init__(self, options: Options, environment: Mapping[str, str] = os.environ) -> None:
        self._options = options
        self._environment = environment
        self._mappings: dict[str, list[EventSourceMapping]] = {
            function.name: [] for function in FUNCTIONS if isinstance(function.trigger, Topic)
        }
        self._parts = {"redis": False, "kafka": False, "moto": False, "gateway": False}
        self._cloudwatch = CloudWatch()
        self._stack = contextlib.AsyncExitStack()
        self._edge_key = secrets.token_urlsafe(48) if options.edge_only else ""
        self._fork_server: ForkServer | None = None
        self._is_ending = False
        self.address = ""

    def health(self) -> dict[str, bool]:
        return self._parts | {
            name: bool(mappings) and all(mapping.ready for mapping in mappings)
            for name, mappings in self._mappings.items()
        }

    async def __aenter__(self) -> "Emulator":
        """Start every part; returns when all are ready. Raises AddressInUse, or ServerFailed with a server's output."""
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Stop everything; no process is left."""
        self._is_ending = True
        await self._stack.aclose()

    async def _start(self) -> None:
        listener = self._stack.enter_context(listen(self._options.port))
        self.address = f"{HOST}:{listener.getsockname()[1]}"
        if can_fork():
            self._fork_server = ForkServer(SHARED_MODULES)
            self._stack.push_async_callback(self._fork_server.stop)
            await self._fork_server.start()
        servers = await self._start_servers()
        deployment = Deployment(self._options, servers, self._environment)
        invoke = await self._start_runtime(deployment)
        router = self._router(invoke, servers)
        connections = [router.connections] if isinstance(router.connections, ConnectionsApi) else []
        application = Distribution(router, self._edge_key, count=self._cloudwatch.count)
        self._stack.push_async_callback(application.stop)
        await self._stack.enter_async_context(serve(application, listener, direct=[*connections, application]))
        self._parts["gateway"] = True
        for row, mappings in self._mappings.items():
            for config in deployment.mappings(row):
                mappings.append(EventSourceMapping(config, invoke, self.runtime.next_end, count=self._cloudwatch.count))
                await self._start_part(mappings[-1])
        for function, seconds in deployment.schedules().items():
            schedule = invoke_at_rate(function, seconds=seconds, invoke=invoke)
            await self._stack.enter_async_context(in_background(schedule))
        while not all(self.health().values()):  # noqa: ASYNC110  a consumer group does not report that it has joined
            await asyncio.sleep(0.02)

    async def _start_part(self, part: Server | EventSourceMapping) -> None:
        self._stack.push_async_callback(part.stop)
        await part.start()

    async def _start_servers(self) -> Servers:
        # At the same time, as each takes a second or so. A task group waits for the tasks it cancels, so none of them
        # goes on starting a server.
        try:
            async with asyncio.TaskGroup() as group:
                redis = group.create_task(self._start_server("redis", "REDIS_URL", EmbeddedRedis()))
                kafka = group.create_task(self._start_server("kafka", "KAFKA_BOOTSTRAP", EmbeddedKafka()))
                aws = group.create_task(self._start_aws())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        aws_url, failure_queue_url = aws.result()
        return Servers(
            redis_url=redis.result(),
            kafka_bootstrap=kafka.result(),
            secrets_url=aws_url if self._has_secrets else "",
            aws_url=aws_url,
            failure_queue_url=failure_queue_url,
            connections_url=f"http://{self.address}/{STAGE}",
            websocket_url=f"ws://{self.address}/{STAGE}",
            lambda_url=f"http://{self.address}" if self._options.review else "",
            jwks_url=f"http://{self.address}/_local/jwks" if self._options.jwks else "",
        )

    async def _start_server(self, part: str, setting: str, embedded: Server) -> str:
        """The address: of the server that `setting` names, once it accepts connections, else of the embedded one."""
        address: str = getattr(self._options, setting.lower())
        if address:
            await answered(address, setting)
        else:
            await self._start_part(embedded)
            address = embedded.address
        self._parts[part] = True
        return address

    @property
    def _has_secrets(self) -> bool:
        return self._options.auth_mode == "token" or bool(self._options.edge_only) or has_gallery(self._environment)

    async def _start_aws(self) -> tuple[str, str]:
        """The URLs of moto and of the archive's failure queue in moto."""
        url = await self._start_server("moto", "AWS_ENDPOINT", Moto())
        await (resources := MotoResources(url)).make_table(TABLE)
        queue_url = await resources.make_queue(FAILURE_QUEUE)
        if self._options.auth_mode == "token":
            await resources.put_secret(TOKEN_SECRET, fresh_keys())
        if has_gallery(self._environment):
            await resources.put_secret(GALLERY_SECRET, fresh_keys())
        if self._options.edge_only:
            await resources.put_secret(EDGE_SECRET, json.dumps({"current": "first", "first": self._edge_key}))
        return url, queue_url

    async def _start_runtime(self, deployment: Deployment) -> Invoke:
        launch = Launch(root=CODE.parent, write_line=self._write_line, fork_server=self._fork_server)
        specs = list(deployment.functions())
        runtime = self.runtime = LambdaRuntime(specs, launch, freeze=bool(self._options.freeze))
        self._stack.push_async_callback(runtime.stop)
        self._lambda_api = LambdaApi(specs, runtime.invoke, credentials=CREDENTIALS)
        self._stack.push_async_callback(self._lambda_api.stop)
        ours = Code(folder=CODE, root=CODE.parent, functions=[spec for spec in specs if spec.root is None])
        await self._stack.enter_async_context(picked_up(ours, runtime))
        for spec in specs:
            if spec.root is not None:
                theirs = Code(folder=spec.root, root=spec.root, functions=[spec], tree=False)
                file = Path(self._options.review).resolve()
                await self._stack.enter_async_context(picked_up(theirs, runtime, look_at=[file]))
        return runtime.invoke

    def _write_line(self, name: str, line: str) -> None:
        # Ctrl-C goes to all processes of the terminal, also to one that has just been started for a function, and is
        # not yet alone in its group: nobody wants its traceback.
        if not self._is_ending:
            self._cloudwatch.write_line(name, line)

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
            lambda_api=self._lambda_api,
            http_apis={
                config.prefix: HttpApi(invoke=invoke, config=config)
                for config in HttpApiConfig.from_manifest(domain_name=self.address)
            },
            local_api=LocalApi(
                archive={"table": TABLE, "endpoint": servers.aws_url, "region": REGION},
                health=self.health,
                metrics=self._cloudwatch.metrics,
                tokens=tokens_at(servers.secrets_url) if self._options.auth_mode == "token" else None,
                jwks=self._options.jwks,
            ),
            pages=Pages(),
        )


@contextlib.contextmanager
def listen(port: int) -> Iterator[socket.socket]:
    """A listening socket on the loopback address; raises AddressInUse."""
    # asyncio sends small answers without delay only where the protocol is named.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise AddressInUse(f"port {port} of {HOST} is taken: choose another with PORT or --port") from error
        listener.listen(4096)
        yield listener
