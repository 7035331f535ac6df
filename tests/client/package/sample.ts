// What an application in TypeScript writes, and what it must not be able to write.

import { LiveRoom, Refused, type Chat, type State, type Welcome } from "live-rooms";
import { weapp, type Wx } from "live-rooms/weapp";

const room: LiveRoom = new LiveRoom({
  url: new URL("wss://example.com/websocket"),
  api: "https://example.com",
  activityId: 42,
  username: "alice",
  attributes: { level: "12" },
  token: async () => "a.b.c",
});

const stop: () => void = room.on("chat", ({ seq, textMessage, extra, replayed }: Chat) => {
  const text: string = textMessage;
  const number: number = seq;
  console.log(number, text, extra?.["replyTo"], replayed);
});
room.on("welcome", (welcome: Welcome) => console.log(welcome.mute?.seconds ?? "not muted"));
room.on("joined", async ({ username, others = 0 }) => console.log(username.toUpperCase(), others + 1));
room.on("removed", ({ seq, userId }) => console.log(seq, userId?.length));
room.on("properties", ({ properties }) => console.log(properties["pinned"]));

/** Each state has its own fields. */
function said(state: State): string {
  switch (state.name) {
    case "connecting":
    case "open":
      return state.name;
    case "waiting":
      return `${state.delayMs} ${state.lost} ${state.reason ?? ""} ${state.retryAfter ?? 0}`;
    case "closed":
      return state.reason === "banned" && state.until === null ? "for good" : `${state.reason} ${state.text ?? ""}`;
  }
}
room.on("state", (state) => console.log(said(state)));

async function talk(): Promise<number> {
  try {
    const { seq } = await room.say("hello", { to: "bob", extra: { replyTo: 7 } });
    const { users } = await room.who({ limit: 10 });
    return seq + users.length;
  } catch (error) {
    if (error instanceof Refused && error.retryAfter !== undefined) return error.retryAfter;
    throw error;
  }
}

declare const wx: Wx;
export const mobile = new LiveRoom({ url: "wss://example.com/websocket", activityId: "42", ...weapp(wx) });

room.connect();
room.like(3);
void talk().then(stop);
room.close();

// @ts-expect-error: an address is needed
new LiveRoom({ activityId: 42 });
// @ts-expect-error: a room is a number
new LiveRoom({ url: "wss://example.com/websocket", activityId: true });
// @ts-expect-error: attributes are texts
new LiveRoom({ url: "wss://example.com/websocket", attributes: { level: 12 } });
// @ts-expect-error: there is no such event
room.on("chats", () => {});
// @ts-expect-error: a chat has no such field
room.on("chat", ({ message }) => message);
// @ts-expect-error: a count is a number
room.like("3");
// @ts-expect-error: a text is a string
void room.say(7);
// @ts-expect-error: it may be missing
room.on("state", (state) => state.name === "waiting" && state.retryAfter.toFixed());
// @ts-expect-error: only a state that waits has it
room.on("state", (state) => state.delayMs);
// @ts-expect-error: there is no such reason
room.on("state", (state) => state.name === "closed" && state.reason === "bored");
// @ts-expect-error: what is private stays so
room.links;
