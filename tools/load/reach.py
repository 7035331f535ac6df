"""One handshake before a load, so that a wrong address is one line and not a line for each viewer."""

import asyncio
import ssl

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.protocol import CONNECTING, OPEN
from websockets.uri import parse_uri

from tools.address import subprotocols, viewer_url
from tools.failure import Failure
from tools.load.options import LoadOptions
from tools.wrong_address import no_http, refused, unreachable

REACH_SECONDS = 10.0
CLOSE_SECONDS = 1.0


async def reach(options: LoadOptions, token: str | None) -> None:
    """Let the first viewer in and out again. Raises Failure where no viewer can come in: the message says what to do.

    Returns also where a viewer is refused for another reason than the address: that is for the load to measure.
    """
    try:
        async with asyncio.timeout(REACH_SECONDS):
            problem = await _problem(options, token)
    except TimeoutError:
        raise Failure(f"{options.url}: no answer in {REACH_SECONDS:g} s") from None
    except OSError as error:  # ssl.SSLError is one
        raise Failure(unreachable(options.url, error)) from None
    if problem is not None:
        raise Failure(problem)


async def _problem(options: LoadOptions, token: str | None) -> str | None:
    uri = parse_uri(viewer_url(options.url, options.first_room, f"{options.tag}-0"))
    tls = ssl.create_default_context() if uri.secure else None
    reader, writer = await asyncio.open_connection(uri.host, uri.port, ssl=tls)
    client = ClientProtocol(uri, subprotocols=subprotocols(options.framing, token))
    try:
        request = client.connect()
        request.headers["User-Agent"] = "live-rooms-load"
        client.send_request(request)
        while client.state is CONNECTING:
            writer.write(b"".join(client.data_to_send()))
            data = await reader.read(65536)
            client.receive_data(data) if data else client.receive_eof()
            client.events_received()
            if client.handshake_exc is not None:
                break
        if client.state is OPEN:
            client.send_close(1000)
            writer.write(b"".join(client.data_to_send()))
            await asyncio.wait([asyncio.ensure_future(reader.read())], timeout=CLOSE_SECONDS)
    except ConnectionResetError:
        return no_http(options.url)
    finally:
        writer.close()
    if isinstance(client.handshake_exc, InvalidStatus):
        response = client.handshake_exc.response
        return refused(options.url, response.status_code, response.headers.get("Location", ""))
    return None if client.handshake_exc is None else no_http(options.url)
