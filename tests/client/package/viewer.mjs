// A project that has installed the package and nothing else: a viewer enters a room on a real socket, talks, and is told
// by the HTTP API why it is not let in. The arguments are the addresses of a server of `ws` and of its class.

import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

import { LiveRoom } from "live-rooms";
import { weapp } from "live-rooms/weapp";

const { default: ws, WebSocketServer } = await import(pathToFileURL(process.argv[2]));
const WebSocket = process.argv[3] === "ws" ? ws : globalThis.WebSocket;
const welcome = { messageType: 8, activityId: 42, userId: "alice", cursor: "e1.0", history: [], properties: {} };

const http = createServer((request, answer) => {
  const denied = { admitted: false, reason: "banned", until: null, asked: request.url };
  answer.setHeader("Content-Type", "application/json").end(JSON.stringify(denied));
});
const server = new WebSocketServer({ noServer: true });
http.on("upgrade", (request, socket, head) => {
  if (request.url.includes("mallory")) return socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
  server.handleUpgrade(request, socket, head, (viewer) => {
    viewer.send(JSON.stringify([welcome]));
    viewer.on("message", (frame) => {
      const { id, message } = JSON.parse(frame);
      viewer.send(JSON.stringify([
        { messageType: 0, id, ok: true, seq: 1 },
        { messageType: 4, id, seq: 1, textMessage: message, userId: "alice", fromusername: "alice" },
      ]));
    });
  });
});
await new Promise((listening) => http.listen(0, "127.0.0.1", listening));

const host = `127.0.0.1:${http.address().port}`;
const options = { url: `ws://${host}/websocket`, api: `http://${host}`, activityId: 42, WebSocket };
const told = (room, name, fits) => new Promise((tell) => room.on(name, (event) => fits(event) && tell(event)));

const alice = new LiveRoom({ ...options, username: "alice" });
const heard = told(alice, "chat", () => true);
alice.connect();
const { seq } = await alice.say("hello");
const { textMessage } = await heard;
alice.close();

const mallory = new LiveRoom({ ...options, username: "mallory" });
const closed = told(mallory, "state", ({ name }) => name === "closed");
mallory.connect();
const { reason } = await closed;

http.close();
http.closeAllConnections();
console.log(JSON.stringify({ node: process.versions.node, seq, textMessage, reason, weapp: typeof weapp }));
