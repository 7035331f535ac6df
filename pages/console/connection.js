/**
 * How the console hears a room.
 *
 * The protocol has no watcher: whoever is connected is in the room, and counts. So the console enters as the user of
 * its token, with live.js. A platform's token opens no connection, so one for this room is made with it, if it may make
 * tokens; otherwise the stored messages are read every few seconds.
 */

import { LiveRoom } from "../../client/live.js";
import { words } from "./wording.js";

const POLL_MS = 2500;
const PAGE = 50;
const TOKEN_SECONDS = 3600;
const KEPT = new Set(["chat", "like", "moderate"]); // of a token that a connection is opened with

/** A LiveRoom of the room, not connected yet; null if this token opens none. */
export function liveRoom({ api, addresses, activityId, token, caller }) {
  // A moderator hears at once what is said, and a reader in the gallery a second later.
  const place = { url: addresses.websocket, api: addresses.api, activityId, gallery: false };
  if (caller.mode === "open") {
    const userId = `console-${Math.random().toString(36).slice(2, 10)}`;
    return new LiveRoom({ ...place, username: words.say("console"), userId });
  }
  if (!caller.platform) return new LiveRoom({ ...place, token });
  if (!caller.caps.includes("admin")) return null;
  const order = { activityId: Number(activityId), userId: caller.userId, name: caller.name, seconds: TOKEN_SECONDS };
  order.caps = caller.caps.filter((one) => KEPT.has(one));
  return new LiveRoom({ ...place, token: async () => (await api.send("POST", "/tokens", { body: order })).token });
}

/** Read the newest messages of a room every few seconds: `onmessages` gets them, the oldest first. */
export function follow(api, activityId, onmessages) {
  const read = async () => {
    try {
      const path = `/activities/${activityId}/messages`;
      if (!document.hidden) onmessages((await api.get(path, { limit: PAGE })).messages.reverse());
    } catch {
      // The next reading brings them.
    }
    setTimeout(read, POLL_MS);
  };
  read();
}
