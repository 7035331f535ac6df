// A bot that tells the time to whoever writes !time:
// node bot.mjs wss://example.com/websocket 42

import { LiveRoom } from "../../live.js";

const [url, activityId] = process.argv.slice(2);
// Node.js 20 has no WebSocket: there, npm install ws.
const WebSocket = globalThis.WebSocket ?? (await import("ws")).default;
const room = new LiveRoom({ url, activityId, username: "Clock", userId: "clock-bot", WebSocket });

room.on("state", ({ name, reason }) => console.error(name, reason ?? ""));
room.on("chat", async ({ userId, textMessage, replayed }) => {
  if (replayed || textMessage !== "!time") return;
  try {
    await room.say(`It is ${new Date().toUTCString()}`, { to: userId });
  } catch ({ code }) {
    console.error(`not sent: ${code}`);
  }
});

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => room.close());
room.connect();
