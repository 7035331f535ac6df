/** A viewer on a virtual clock, as the tests of the client library see it. */

import { LiveRoom } from "../../client/live.js";
import { fakeWebSocket, settled, VirtualClock } from "./fakes.mjs";

const NAMES = [
  "state", "welcome", "gap", "chat", "notice", "joined", "left", "online", "likes", "removed", "sanction",
  "settings", "properties", "leftOut", "refused", "fault",
];

/** A viewer, not connected yet. `seen`: [name, event] of all that was delivered. `random` may be changed. */
export function viewer(options = {}) {
  const clock = new VirtualClock();
  const WebSocket = fakeWebSocket();
  const it = { clock, sockets: WebSocket.made, seen: [], random: 0.5 };
  it.room = new LiveRoom({
    url: "wss://rooms.example/websocket", activityId: 42, username: "alice", WebSocket, clock,
    random: () => it.random, ...options,
  });
  for (const name of NAMES) it.room.on(name, (event) => it.seen.push([name, event]));
  it.of = (name) => it.seen.filter(([seen]) => seen === name).map(([, event]) => event);
  it.texts = () => it.of("chat").map(({ textMessage }) => textMessage);
  it.last = () => it.sockets.at(-1);
  return it;
}

/** A viewer in the room. */
export async function inside(options = {}, welcome = {}) {
  const it = viewer(options);
  it.room.connect();
  await settled();
  it.last().welcome(welcome);
  return it;
}

export const chat = (seq, textMessage = `chat ${seq}`) => ({ messageType: 4, seq, textMessage, userId: "bob", fromusername: "bob" });

/** Cut, and wait until the next connection is being made. */
export async function cutAndRetry(it) {
  it.last().cut();
  await it.clock.pass(30_000);
}
