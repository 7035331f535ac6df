/**
 * A viewer's side of a room, for browsers and Node.js 22: one connection, over as many WebSockets as it takes.
 *
 *     const room = new LiveRoom({ url: "wss://example.com/websocket", activityId: 42, username: "alice" });
 *     room.on("chat", ({ fromusername, textMessage }) => console.log(fromusername, textMessage));
 *     room.connect();
 *     await room.say("hello");
 *
 * It comes back after any cut, asks for what it missed, and delivers a chat or notice once. It needs nothing beside
 * itself and is all in this one file, so that it can be copied: everything outside `export` may change.
 */

/**
 * @typedef {object} Options
 * @property {string | URL} url  where the rooms are, `wss://…/websocket`; a page may leave out the host. What its query
 *   says already (activityId, token) need not be given again.
 * @property {number | string} [activityId]  the room
 * @property {string} [username]  the display name; where tokens are asked for, theirs is taken
 * @property {string} [userId]
 * @property {string} [avatar]
 * @property {string | (() => string | Promise<string>)} [token]  a JWT, or what makes a fresh one for each connection
 * @property {new (url: string, protocols: string[]) => any} [WebSocket]  needed before Node.js 22 only
 * @property {Clock} [clock]  for tests
 * @property {() => number} [random]  for tests; like Math.random
 *
 * @typedef {object} Clock
 * @property {() => number} now  ms, from any start
 * @property {(act: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 *
 * @typedef {{ slowModeSeconds: number, frozen: boolean }} Settings
 * @typedef {{ userId: string, username: string }} User
 *
 * @typedef {object} Chat
 * @property {number} seq  its number in the room: rising, with holes
 * @property {string} textMessage
 * @property {string} fromusername
 * @property {string} userId
 * @property {string} avatar
 * @property {number} time  ms since the epoch
 * @property {string} [id]  the sender's own
 * @property {string} [to]  a userId, when it is for that user alone
 * @property {boolean} replayed  whether it came with the welcome, out of the room's history
 *
 * @typedef {{ seq: number, name: string, data: any, time: number, replayed: boolean }} Notice
 * @typedef {User & { others?: number }} Crowd  somebody who came or went, and how many more with them
 * @typedef {{ users: User[], onlineNumber: number, cursor: string | null }} Who
 *
 * @typedef {object} Welcome  the room's present state
 * @property {number} activityId
 * @property {string} userId  one's own
 * @property {string} connectionId
 * @property {number} onlineNumber
 * @property {number} zanNumber  likes
 * @property {Settings} settings
 * @property {number} heartbeatSeconds
 * @property {boolean} gap
 * @property {boolean} resumed  whether one has been in the room before
 *
 * @typedef {{ name: "connecting" | "open" } | { name: "waiting", delayMs: number, lost: boolean }
 *   | { name: "closed", reason: "closed" | "kicked" | "banned" }} State
 *   lost: a connection was cut; else the room could not be entered
 *
 * @typedef {object} Events  what `on` can be asked for
 * @property {State} state
 * @property {Welcome} welcome  after each connection; its history comes as chat and notice events behind it
 * @property {Welcome} gap  some of what was said is lost for this viewer; before the history
 * @property {Chat} chat
 * @property {Notice} notice
 * @property {Crowd} joined
 * @property {Crowd} left
 * @property {{ onlineNumber: number }} online
 * @property {{ zanNumber: number }} likes  the absolute total
 * @property {{ seq: number }} removed  this chat is to be shown no more
 * @property {{ action: "muted" | "unmuted" | "kicked" | "banned", seconds: number | null }} sanction
 * @property {{ settings: Settings }} settings
 * @property {{ dropped: Record<string, number> }} leftOut  how much did not fit
 * @property {Refused} refused  a frame that nobody waits for, such as a like
 * @property {{ message: string }} fault  something failed: the gateway, or `token`
 */

const NAMES = new Map([
  [0, "reply"], [1, "joined"], [2, "left"], [3, "who"], [4, "chat"], [5, "online"], [6, "likes"], [8, "welcome"],
  [9, "removed"], [10, "notice"], [11, "sanction"], [12, "settings"], [13, "leftOut"],
]);
const NUMBERED = new Set(["chat", "notice"]);
// Until it is welcomed, and after another has taken its place, a connection is heard for these alone.
const BEFORE = new Set(["welcome", "sanction", "fault"]);
const AFTER = new Set(["chat", "notice", "removed", "reply", "who"]);

const SEEN = 1000; // numbers remembered, of 300 that a room keeps
const LIKE_MS = 1000;
const LIKES_PER_FRAME = 100;
const WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
const STEADY_MS = 10_000; // who was in for so long does not count as failing
const ENTER_MS = 30_000; // for the token, the handshake and the welcome together
const ANSWER_MS = 10_000;
const LOST_MS = 60_000; // the server knows a repeated id for five minutes
const LINGER_MS = 5_000; // for what is still on its way to a connection that was replaced
const HEARTBEAT_SECONDS = 60;
const ROTATE_MINUTES = [95, 115]; // the gateway cuts at 120

/** @type {Clock} */
const CLOCK = {
  now: () => performance.now(),
  setTimeout: (act, ms) => setTimeout(act, ms),
  clearTimeout: (timer) => clearTimeout(timer),
};

/** Why a frame was not taken: `code` is one of the protocol's, or "lost" (no answer came) or "closed". */
export class Refused extends Error {
  /** @param {{ error: string, message?: string, retryAfter?: number }} reply */
  constructor({ error, message, retryAfter }) {
    super(message || error);
    this.name = "Refused";
    this.code = error;
    /** Seconds, when waiting helps. */
    this.retryAfter = retryAfter;
  }
}

export class LiveRoom {
  #options;
  #clock;
  #random;
  #handlers = new Map();
  #wanted = false;
  #trial = 0; // counts what was begun, so that a late token finds out that it is
  #link = null; // welcomed, and in use
  #next = null; // not welcomed yet
  #last = null; // replaced, and heard out
  #seen = new Seen();
  #asks = new Map();
  #ids = 0;
  #name;
  #attempt = 0;
  #likes = 0;
  #timers;

  /** @param {Options} options */
  constructor(options) {
    this.#options = { WebSocket: globalThis.WebSocket, ...options };
    if (!this.#options.WebSocket) throw new TypeError("there is no WebSocket here: give one as options.WebSocket");
    address(this.#options, ""); // a wrong one is to be known now
    this.#clock = options.clock ?? CLOCK;
    this.#random = options.random ?? Math.random;
    this.#timers = new Timers(this.#clock);
    this.#name = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
  }

  /**
   * Call `handler` with each event of this name, until the function that is returned is called.
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {(event: Events[Name]) => void} handler
   * @returns {() => void}
   */
  on(name, handler) {
    const handlers = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, handlers.add(handler));
    return () => handlers.delete(handler);
  }

  /** Enter the room, and stay: the answer is a `welcome`. */
  connect() {
    if (this.#wanted) return;
    this.#wanted = true;
    globalThis.window?.addEventListener("online", this.#wake);
    globalThis.document?.addEventListener("visibilitychange", this.#wake);
    this.#enter();
  }

  /** Leave. What was not answered is rejected with the code "closed". */
  close() {
    if (this.#wanted) this.#finish("closed");
  }

  /**
   * Say `text` to the room, or to the user `to` alone. While there is no connection this waits for the next; what was
   * not answered is sent again, and published once.
   * @param {string} text
   * @param {{ to?: string }} [options]
   * @returns {Promise<{ seq: number, id: string }>}  rejected with Refused
   */
  say(text, { to } = {}) {
    return this.#ask({ messageType: 4, message: text, ...(to && { to }) });
  }

  /**
   * A page of the users who are here; `cursor` from the page before.
   * @param {{ limit?: number, cursor?: string | null }} [options]
   * @returns {Promise<Who>}  rejected with Refused
   */
  who({ limit, cursor } = {}) {
    return this.#ask({ messageType: 3, ...(limit && { limit }), ...(cursor && { cursor }) });
  }

  /** So many taps. They are added up and sent once a second. */
  like(count = 1) {
    if (!this.#wanted || !(count >= 1)) return;
    this.#likes += Math.floor(count);
    this.#likeSoon();
  }

  #emit(name, event) {
    if (!this.#wanted && name !== "state") return; // a handler of the same frame has left
    for (const handler of [...(this.#handlers.get(name) ?? [])]) {
      try {
        handler(event);
      } catch (error) {
        // The application's own mistake must not stop what follows in the frame, and must not be hidden.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** Make a connection: the first one, one after a cut, or the one that is to replace the present one. */
  async #enter() {
    const trial = ++this.#trial;
    this.#timers.set("enter", ENTER_MS, () => this.#failed());
    if (!this.#link) this.#emit("state", { name: "connecting" });
    try {
      const { token, WebSocket } = this.#options;
      const bearer = typeof token === "function" ? await token() : token;
      if (trial !== this.#trial) return;
      const protocols = bearer ? ["live.v1", `bearer.${bearer}`] : ["live.v1"];
      const socket = new WebSocket(address(this.#options, this.#seen.cursor), protocols);
      this.#next = new Link(socket, this.#clock, this.#random, () => this.#newId());
      this.#next.onobject = (object, link) => this.#object(object, link);
      this.#next.onend = (link) => this.#ended(link);
    } catch (error) {
      if (trial !== this.#trial) return;
      this.#emit("fault", { message: String(error?.message ?? error) });
      this.#failed();
    }
  }

  /** The connection that was being made will not be welcomed. */
  #failed() {
    this.#trial += 1;
    this.#next?.drop();
    this.#next = null;
    this.#timers.clear("enter");
    if (this.#link) this.#timers.set("rotate", this.#pause(), () => this.#enter());
    else if (this.#wanted) this.#wait(false);
  }

  #ended(link) {
    if (link === this.#last) this.#last = null;
    if (link === this.#next) this.#failed();
    if (link !== this.#link) return;
    if (link.age() >= STEADY_MS) this.#attempt = 0;
    this.#link = null;
    this.#timers.clear("rotate");
    if (this.#timers.has("enter")) this.#emit("state", { name: "connecting" });
    else this.#wait(true);
  }

  #wait(lost) {
    const delayMs = this.#pause();
    this.#timers.set("enter again", delayMs, () => this.#enter());
    this.#emit("state", { name: "waiting", delayMs, lost });
  }

  /** Full jitter: viewers who were cut off together do not come back together. */
  #pause() {
    return this.#random() * Math.min(LONGEST_WAIT_MS, WAIT_MS * 2 ** this.#attempt++);
  }

  /** The network is back, or somebody looks at the page again. */
  #wake = () => {
    if (globalThis.document?.visibilityState === "hidden") return;
    this.#link?.probe();
    if (!this.#timers.has("enter again")) return;
    this.#timers.clear("enter again");
    this.#enter();
  };

  #finish(reason) {
    this.#wanted = false;
    this.#trial += 1;
    globalThis.window?.removeEventListener("online", this.#wake);
    globalThis.document?.removeEventListener("visibilitychange", this.#wake);
    this.#timers.clearAll();
    for (const link of [this.#link, this.#next, this.#last]) link?.drop();
    this.#link = this.#next = this.#last = null;
    this.#likes = 0;
    for (const ask of [...this.#asks.values()]) this.#settle(ask, ask.reject, new Refused({ error: "closed" }));
    this.#emit("state", { name: "closed", reason });
  }

  #object(object, link) {
    if (![this.#link, this.#next, this.#last].includes(link)) return; // the same frame held the end
    const name = "messageType" in object ? NAMES.get(object.messageType) : "fault";
    if (!name || (link === this.#next && !BEFORE.has(name))) return;
    if (link === this.#last && !(AFTER.has(name) && link.epoch === this.#seen.epoch)) return;
    if (name === "welcome") this.#welcomed(object, link);
    else if (NUMBERED.has(name)) this.#numbered(name, object, { replayed: false, inUse: link === this.#link });
    else if (name === "removed") this.#seen.remove(object.seq) && this.#emit(name, object);
    else if (name === "reply") this.#replied(object);
    else if (name === "who") this.#answered(object);
    else this.#emit(name, object);
    if (name === "sanction" && ["kicked", "banned"].includes(object.action)) this.#finish(object.action);
  }

  #numbered(name, object, { replayed, inUse }) {
    // What one that was replaced still brings may be ahead of the present one, so the cursor stays.
    if (this.#seen.add(object.seq, inUse)) this.#emit(name, { ...object, replayed });
  }

  #welcomed(object, link) {
    const resumed = this.#seen.epoch !== "";
    const open = this.#link !== null;
    this.#seen.enter(object.cursor);
    link.welcomed(this.#seen.epoch, object.heartbeatSeconds);
    if (link === this.#next) this.#use(link);
    if (!open) this.#emit("state", { name: "open" });
    const welcome = { ...object, resumed };
    this.#emit("welcome", welcome);
    if (object.gap) this.#emit("gap", welcome);
    for (const old of Array.isArray(object.history) ? object.history : []) {
      const name = NAMES.get(old?.messageType);
      if (NUMBERED.has(name)) this.#numbered(name, old, { replayed: true, inUse: true });
    }
    if (!open) for (const ask of this.#asks.values()) this.#try(ask);
    this.#likeSoon();
  }

  /** The welcomed `link` takes the place of the one in use, which is heard out. */
  #use(link) {
    this.#last?.drop();
    this.#last = this.#link;
    this.#link = link;
    this.#next = null;
    this.#timers.clear("enter");
    this.#last?.retire();
    if (this.#last) this.#timers.set("linger", LINGER_MS, () => this.#last?.end());
    const [least, most] = ROTATE_MINUTES;
    this.#timers.set("rotate", (least + this.#random() * (most - least)) * 60_000, () => this.#enter());
  }

  #likeSoon() {
    if (!this.#likes || this.#timers.has("likes")) return;
    this.#timers.set("likes", LIKE_MS, () => this.#sendLikes());
  }

  #sendLikes() {
    const count = Math.min(this.#likes, LIKES_PER_FRAME);
    if (!this.#link?.send({ messageType: 6, count })) return; // the next welcome sends them
    this.#likes -= count;
    this.#likeSoon();
  }

  #ask(frame) {
    return new Promise((resolve, reject) => {
      if (!this.#wanted) return reject(new Refused({ error: "closed" }));
      const id = this.#newId();
      const ask = { id, frame: { ...frame, id }, resolve, reject, since: this.#clock.now(), why: { error: "lost" } };
      this.#asks.set(id, ask);
      this.#try(ask);
    });
  }

  /** The server takes one that it has seen for a repetition. */
  #newId() {
    this.#ids += 1;
    return `${this.#name}-${this.#ids}`;
  }

  /** Send it, and again if nobody answers. */
  #try(ask) {
    this.#link?.send(ask.frame);
    this.#later(ask, ANSWER_MS);
  }

  #later(ask, ms) {
    const left = ask.since + LOST_MS - this.#clock.now();
    if (left > ms) this.#timers.set(ask.id, ms, () => this.#try(ask));
    else this.#timers.set(ask.id, left, () => this.#settle(ask, ask.reject, new Refused(ask.why)));
  }

  #settle(ask, how, result) {
    this.#asks.delete(ask.id);
    this.#timers.clear(ask.id);
    how(result);
  }

  #replied(reply) {
    const ask = this.#asks.get(reply.id);
    if (!ask) return reply.ok || this.#emit("refused", new Refused(reply));
    if (reply.ok) return ask.frame.messageType === 4 && this.#settle(ask, ask.resolve, { seq: reply.seq, id: ask.id });
    if (reply.error !== "unavailable") return this.#settle(ask, ask.reject, new Refused(reply));
    // It may have been published all the same: under its own id it can be repeated, under another it must not.
    ask.why = reply;
    this.#later(ask, 1000 * Math.max(1, reply.retryAfter ?? 1));
  }

  #answered({ users, onlineNumber, cursor, id }) {
    const ask = this.#asks.get(id);
    if (ask) this.#settle(ask, ask.resolve, { users: users ?? [], onlineNumber, cursor: cursor ?? null });
  }
}

/** One WebSocket: its frames taken apart, its heartbeats, and whether it is alive. */
class Link {
  epoch = "";
  onobject = (_object, _link) => {};
  onend = (_link) => {};
  #socket;
  #clock;
  #random;
  #newId;
  #asked; // the id of the heartbeat that is to be answered
  #timers;
  #born = null;
  #heard;

  constructor(socket, clock, random, newId) {
    this.#socket = socket;
    this.#clock = clock;
    this.#random = random;
    this.#newId = newId;
    this.#timers = new Timers(clock);
    this.#heard = clock.now();
    socket.onmessage = ({ data }) => this.#frame(data);
    socket.onclose = socket.onerror = () => this.end();
  }

  send(object) {
    if (this.#socket.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(object));
    return true;
  }

  welcomed(epoch, heartbeatSeconds) {
    this.epoch = epoch;
    this.#born ??= this.#clock.now();
    const every = 1000 * (heartbeatSeconds > 0 ? heartbeatSeconds : HEARTBEAT_SECONDS);
    this.#timers.set("beat", every * this.#random(), () => this.#beat(every));
  }

  /** Since the welcome, in ms. */
  age() {
    return this.#clock.now() - this.#born;
  }

  #beat(every) {
    this.#timers.set("beat", every, () => this.#beat(every));
    if (!this.probe()) this.send({ messageType: 7 });
  }

  /** Where nothing was heard for long, a heartbeat that asks for an answer, and without one the end. */
  probe() {
    if (this.#timers.has("answer")) return true;
    if (this.#clock.now() - this.#heard < ANSWER_MS) return false;
    this.#asked = this.#newId();
    this.send({ messageType: 7, id: this.#asked });
    this.#timers.set("answer", ANSWER_MS, () => this.end());
    return true;
  }

  #frame(data) {
    this.#heard = this.#clock.now();
    this.#timers.clear("answer");
    let parsed;
    try {
      parsed = JSON.parse(data);
    } catch {
      return;
    }
    for (const object of [parsed].flat()) {
      if (object === null || typeof object !== "object" || Array.isArray(object)) continue;
      if (object.messageType !== 0 || object.id === undefined || object.id !== this.#asked) this.onobject(object, this);
    }
  }

  /** No more heartbeats: another connection sends them. */
  retire() {
    this.#timers.clearAll();
  }

  end() {
    this.drop();
    this.onend(this);
  }

  /** Close it and hear no more of it. A dead one would take long to say that it is closed. */
  drop() {
    this.retire();
    this.#socket.onmessage = this.#socket.onclose = this.#socket.onerror = () => {};
    this.#socket.close(1000);
  }
}

/** Which numbered objects were delivered, and up to where. */
class Seen {
  epoch = "";
  #highest = 0;
  #keys = new Set();

  /** Where to resume, empty before the first welcome. */
  get cursor() {
    return this.epoch && `${this.epoch}.${this.#highest}`;
  }

  enter(cursor) {
    const [, epoch, seq] = /^([0-9a-z]+)\.([0-9]+)$/.exec(cursor) ?? ["", "", "0"];
    // Another epoch numbers its events anew: numbers seen in the old one mean nothing in it.
    if (!epoch || epoch !== this.epoch) {
      this.#keys.clear();
      this.#highest = 0;
    }
    this.epoch = epoch;
    this.#highest = Math.max(this.#highest, Number(seq));
  }

  /** Whether it is new. One without a number cannot be told from others. */
  add(seq, moves) {
    if (!Number.isSafeInteger(seq)) return true;
    if (moves) this.#highest = Math.max(this.#highest, seq);
    return this.#remember(seq);
  }

  /** Whether its removal is new. It is not to be delivered any more, should it come late. */
  remove(seq) {
    this.#remember(seq);
    return this.#remember(`removed ${seq}`);
  }

  #remember(key) {
    if (this.#keys.has(key)) return false;
    this.#keys.add(key);
    if (this.#keys.size > SEEN) this.#keys.delete(this.#keys.values().next().value);
    return true;
  }
}

/** Timers by name, at most one of each. */
class Timers {
  #clock;
  #running = new Map();

  constructor(clock) {
    this.#clock = clock;
  }

  set(name, ms, act) {
    this.clear(name);
    const timer = this.#clock.setTimeout(() => {
      this.#running.delete(name);
      act();
    }, ms);
    this.#running.set(name, timer);
  }

  has(name) {
    return this.#running.has(name);
  }

  clear(name) {
    this.#clock.clearTimeout(this.#running.get(name));
    this.#running.delete(name);
  }

  clearAll() {
    for (const name of [...this.#running.keys()]) this.clear(name);
  }
}

/**
 * @param {Options} options
 * @param {string} since  a cursor, or nothing
 */
function address({ url, activityId, username, userId, avatar }, since) {
  const made = new URL(url, globalThis.location?.href);
  made.protocol = made.protocol.replace(/^http/, "ws");
  made.hash = "";
  for (const [name, value] of Object.entries({ activityId, username, userId, avatar, since })) {
    if (value !== undefined && value !== null && value !== "") made.searchParams.set(name, String(value));
  }
  return made.href;
}
