// A WebSocket client, told what to do by lines of JSON; says what happens in lines of JSON.
// `node viewer.mjs node …` is Node's own WebSocket, `node viewer.mjs ws …` that of the package ws.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const [, , kind, packages, url, ...protocols] = process.argv;
const WebSocketOf = kind === "node" ? WebSocket : createRequire(packages)("ws");
const say = (said) => console.log(JSON.stringify(said));
const socket = new WebSocketOf(url, protocols);

socket.addEventListener("open", () => say({ open: socket.protocol }));
socket.addEventListener("message", ({ data }) => say({ message: data }));
socket.addEventListener("error", (event) => say({ error: event.message ?? "" }));
socket.addEventListener("close", ({ code, reason }) => {
  say({ close: code, reason });
  process.exit(0);
});
socket.on?.("pong", (data) => say({ pong: data.toString() }));

for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  if ("send" in told) socket.send(told.send);
  if ("binary" in told) socket.send(new Uint8Array(told.binary));
  if ("close" in told) socket.close(told.close, told.reason);
  if ("ping" in told) socket.ping(told.ping);
  if ("fragments" in told) told.fragments.forEach((part, at) => socket.send(part, { fin: at === told.fragments.length - 1 }));
}
