/**
 * One viewer's connection to a room, over as many WebSockets as it takes.
 *
 * Speaks `live.v1`: every frame from the server is a JSON array of objects. Each object goes to the
 * handler named after its type; a chat or notice whose `seq` was seen is dropped. When a socket ends,
 * another is opened after a wait with full jitter, until `close()` or until the viewer is put out.
 */

const NAMES = {
  0: "reply", 1: "joined", 2: "left", 3: "who", 4: "chat", 5: "online", 6: "likes", 8: "welcome",
  9: "removed", 10: "notice", 11: "sanction", 12: "settings", 13: "leftOut",
};
const NUMBERED = new Set(["chat", "notice"]); // in a reply or a removal, `seq` names another object
const SEEN = 1000;
const LIKE_MS = 1000;
const LIKES_PER_FRAME = 100;
const WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
const HEARTBEAT_SECONDS = 60;

export class RoomSocket {
  #url;
  #handlers;
  #socket = null;
  #wanted = false;
  #inside = false;
  #attempt = 0;
  #retry;
  #heartbeat;
  #likeTimer;
  #likes = 0;
  #unanswered = new Map();
  #seen = new Set();
  #epoch = "";

  /**
   * `handlers`: functions by name, any of them absent.
   *   state({name, delayMs, inside})  name: "connecting", "open", "waiting" (for delayMs) or "closed";
   *                                   inside: whether the socket that ended had been welcomed
   *   reply(object, text)             text: the chat it answers; error "lost": nobody answered
   *   chat, notice(object, {past})    past: part of the welcome's history
   *   fault(object)                   the gateway's own error frame, which has no type
   *   joined left who online likes welcome removed sanction settings leftOut (object)
   */
  constructor(url, handlers) {
    this.#url = url;
    this.#handlers = handlers;
  }

  connect() {
    this.#wanted = true;
    this.#state("connecting");
    const socket = new WebSocket(this.#url, ["live.v1"]);
    this.#socket = socket;
    const mine = (act) => (event) => socket === this.#socket && act(event);
    socket.onopen = mine(() => this.#opened());
    socket.onmessage = mine((event) => this.#frame(event.data));
    socket.onclose = mine(() => this.#closed());
  }

  /** Leave for good. */
  close() {
    this.#wanted = false;
    this.#socket?.close(1000);
    this.#closed();
  }

  /** Say `text` to the room, or to the user `to` alone. False when not connected. */
  chat(text, to) {
    const id = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
    const sent = this.#send({ messageType: 4, id, message: text, ...(to && { to }) });
    if (sent) this.#unanswered.set(id, text);
    return sent;
  }

  /** One tap. Taps are added up and sent once a second. */
  like() {
    this.#likes += 1;
    this.#likeTimer ??= setTimeout(() => this.#sendLikes(), LIKE_MS);
  }

  /** Ask who is here; the answer comes to `who`. */
  who(limit = 200) {
    return this.#send({ messageType: 3, limit });
  }

  #send(object) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(object));
    return true;
  }

  #sendLikes() {
    this.#likeTimer = undefined;
    const count = Math.min(this.#likes, LIKES_PER_FRAME);
    if (!count || !this.#send({ messageType: 6, count })) return;
    this.#likes -= count;
    if (this.#likes) this.#likeTimer = setTimeout(() => this.#sendLikes(), LIKE_MS);
  }

  #opened() {
    this.#state("open");
    this.#beat(HEARTBEAT_SECONDS);
    this.#likeTimer ??= setTimeout(() => this.#sendLikes(), LIKE_MS);
  }

  #closed() {
    const inside = this.#inside;
    this.#inside = false;
    this.#socket = null;
    clearInterval(this.#heartbeat);
    clearTimeout(this.#retry);
    clearTimeout(this.#likeTimer);
    this.#likeTimer = undefined;
    for (const text of this.#unanswered.values()) this.#handlers.reply?.({ ok: false, error: "lost" }, text);
    this.#unanswered.clear();
    if (!this.#wanted) return this.#state("closed");
    // Full jitter: viewers cut off together do not come back together.
    const delayMs = Math.random() * Math.min(LONGEST_WAIT_MS, WAIT_MS * 2 ** this.#attempt);
    this.#attempt += 1;
    this.#state("waiting", { delayMs, inside });
    this.#retry = setTimeout(() => this.connect(), delayMs);
  }

  #state(name, more = {}) {
    this.#handlers.state?.({ name, ...more });
  }

  #beat(seconds) {
    clearInterval(this.#heartbeat);
    const every = seconds > 0 ? seconds : HEARTBEAT_SECONDS;
    this.#heartbeat = setInterval(() => this.#send({ messageType: 7 }), every * 1000);
  }

  #frame(data) {
    let parsed;
    try {
      parsed = JSON.parse(data);
    } catch {
      return;
    }
    for (const object of [parsed].flat()) {
      if (object !== null && typeof object === "object") this.#object(object);
    }
  }

  #object(object, past = false) {
    const name = "messageType" in object ? NAMES[object.messageType] : "fault";
    if (!name || (NUMBERED.has(name) && !this.#isNew(object.seq))) return;
    if (name === "welcome") this.#welcome(object);
    if (name === "reply") this.#handlers.reply?.(object, this.#unanswered.get(object.id));
    else if (NUMBERED.has(name)) this.#handlers[name]?.(object, { past });
    else this.#handlers[name]?.(object);
    this.#unanswered.delete(object.id);
    if (name === "welcome") for (const old of object.history ?? []) this.#object(old, true);
    if (name === "sanction" && ["kicked", "banned"].includes(object.action)) this.close();
  }

  #welcome({ cursor, heartbeatSeconds }) {
    this.#inside = true;
    this.#attempt = 0;
    this.#beat(heartbeatSeconds);
    // Another epoch numbers its events from the start: numbers seen in the old one mean nothing in it.
    const epoch = String(cursor ?? "").split(".")[0];
    if (!epoch || epoch !== this.#epoch) this.#seen.clear();
    this.#epoch = epoch;
  }

  #isNew(seq) {
    if (seq === undefined) return true;
    if (this.#seen.has(seq)) return false;
    this.#seen.add(seq);
    if (this.#seen.size > SEEN) this.#seen.delete(this.#seen.values().next().value);
    return true;
  }
}
