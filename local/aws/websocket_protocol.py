"""The server's side of the WebSocket protocol: uvicorn's, with an answer for upgrades it leaves hanging.

A request line or header above 8 KB, or more than 128 headers, is more than the websockets library reads; uvicorn then
neither answers nor closes. Here the client gets a 431 (what API Gateway says is not known). Give the class to
uvicorn as `ws`, beside `ws_max_size=(131072, 32768)`, `ws_ping_interval=None` and `ws_per_message_deflate=False`.
"""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

_BODY = b'{"message": "Request Header Fields Too Large"}'
_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
)


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """One client, from its upgrade request on."""

    def data_received(self, data: bytes) -> None:
        """As uvicorn's; refuses a request that could not be read."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.handshake_initiated = True
            self.transport.write(_REFUSAL)
            self.transport.close()
