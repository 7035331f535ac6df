/**
 * The client of a room, for browsers, Node.js and mini-programs: one lasting connection, over as many WebSockets as
 * needed, or over HTTP where the room sends readers to its gallery.
 *
 *     const room = new LiveRoom({ url: "wss://example.com/websocket", activityId: 42, username: "alice" });
 *     room.on("chat", ({ fromusername, textMessage }) => console.log(fromusername, textMessage));
 *     room.connect();
 *     await room.say("hello");
 *
 * It reconnects after every interruption, asks for the messages that it missed, and delivers each chat and notice once.
 * It is one file without dependencies, so that it can be copied. Everything that is not exported may change. A
 * mini-program has few of a browser's globals, so each is looked for before it is used.
 */

/**
 * @typedef {object} Options
 * @property {string | Address} url  where the rooms are, `wss://…/websocket`; a page may leave out the host. What its
 *   query says (activityId, token) need not be given again.
 * @property {number | string} [activityId]  the room
 * @property {string} [username]  the display name; a token's name comes before it
 * @property {string} [userId]
 * @property {string} [avatar]
 * @property {Attributes} [attributes]  what is shown beside the name, if no token says who the viewer is
 * @property {string | (() => string | Promise<string>)} [token]  a JWT, or a function that makes one per connection
 * @property {string | Address} [api]  where the HTTP API is, `https://…` without the path `/api`: it is asked whether this
 *   viewer reads in the gallery, and why a connection was refused, which a browser hides
 * @property {boolean} [gallery]  false: the rooms have no gallery, or this viewer needs a seat; then nobody is asked for a
 *   place. Without an `api` nobody is, either
 * @property {new (url: string, protocols: string[]) => any} [WebSocket]  needed only before Node.js 22
 * @property {Fetch} [fetch]  needed only where there is no global one
 * @property {(wake: () => void) => () => void} [onWake]  calls `wake` when the network is back, or somebody looks again;
 *   returns a function that ends this. Needed only outside of browsers
 * @property {Clock} [clock]  for tests
 * @property {() => number} [random]  for tests; like Math.random
 *
 * @typedef {{ readonly href: string, toString: () => string }} Address  such as a URL
 * @typedef {(url: string, options: { method?: string, headers: Record<string, string>, body?: string }) =>
 *   Promise<{ status: number, headers?: { get: (name: string) => string | null }, json: () => Promise<any> }>} Fetch  the
 *   part of `fetch` that is used
 *
 * @typedef {object} Clock
 * @property {() => number} now  ms, from any start
 * @property {(act: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 *
 * @typedef {{ slowModeSeconds: number, frozen: boolean }} Settings
 * @typedef {Record<string, string>} Attributes  of a person: a role, a level, a colour, as the platform has it
 * @typedef {{ userId: string, username: string, attributes?: Attributes }} User
 *
 * @typedef {object} Chat
 * @property {number} seq  its number in the room: rising, with gaps
 * @property {string} textMessage
 * @property {string} fromusername
 * @property {string} userId
 * @property {string} avatar
 * @property {number} time  ms since the epoch
 * @property {string} [id]  the sender's id for it
 * @property {string} [to]  a userId, if the chat is private
 * @property {Attributes} [attributes]  the sender's
 * @property {Record<string, any>} [extra]  what the sender's client put beside the text: check it, others made it
 * @property {boolean} replayed  whether it came with the welcome, from the room's history
 *
 * @typedef {{ seq: number, name: string, data: any, time: number, to?: string, replayed: boolean }} Notice
 *   with a `to`, this viewer's userId, if it is not for everybody
 * @typedef {Record<string, any>} Properties  of the room, by their names: a pinned product, an announcement
 * @typedef {User & { others?: number }} Crowd  a user who joined or left, and how many others did
 * @typedef {{ users: User[], onlineNumber: number, cursor: string | null }} Who
 *
 * @typedef {object} Welcome  the present state of the room
 * @property {number} activityId
 * @property {string} userId  this viewer's
 * @property {string} connectionId  empty in the gallery
 * @property {number} onlineNumber
 * @property {number} zanNumber  likes
 * @property {Settings} settings
 * @property {Properties} properties
 * @property {{ seconds: number | null, reason?: string }} [mute]  this viewer's, if it holds
 * @property {number} heartbeatSeconds  the interval of heartbeats, or of a place's renewals
 * @property {boolean} gap
 * @property {boolean} resumed  whether this client was in the room before
 *
 * @typedef {"origin" | "bad_field" | "name_missing" | "name_rejected" | "banned" | "banned_everywhere" | "too_often"
 *   | "token_missing" | "token_invalid" | "token_expired" | "token_not_yet_valid" | "token_other_room"} Denied  why the
 *   room refuses the connection, if `api` was given
 * @typedef {"token_unavailable" | "unreachable" | "unavailable" | "wrong_address" | "handshake_failed"} Failed  why there
 *   is no connection: the function `token` failed; the API cannot be reached, or says that it cannot answer, or has to be
 *   called at another address; or the API would let this viewer in, and still the connection failed
 * @typedef {"closed" | "kicked" | "replaced" | "flooding"} Ended  close() was called; a moderator has put this viewer out;
 *   newer connections of the user have taken this one's place; too many frames of the user were refused
 *
 * @typedef {object} Why  what is known beside a reason
 * @property {string} [message]  in English, for developers
 * @property {number} [retryAfter]  seconds after which the room may let this viewer in, from now on
 * @property {number | null} [until]  when a ban ends: ms since the epoch, null for a ban without an end
 * @property {string} [text]  what a moderator gave as the reason of a ban or kick
 *
 * @typedef {{ name: "connecting" } | { name: "open", lane: "seat" | "gallery" }
 *   | ({ name: "waiting", delayMs: number, lost: boolean, reason?: Denied | Failed } & Why)
 *   | ({ name: "closed", reason: Denied | Ended } & Why)} State
 *   waiting: the client tries again by itself after `delayMs`. lost: an open connection ended; else no connection could be
 *   opened. closed: the client does not try again by itself; call connect() at the user's wish. open: also when the lane
 *   has changed; a reader in the gallery takes a seat by itself as soon as the viewer speaks
 *
 * @typedef {{ action: "muted" | "unmuted" | "kicked" | "banned", seconds: number | null,
 *   reason?: string }} Sanction  with a reason if a moderator gave one: a text; "replaced" or "flooding" if the room did
 *   it by itself
 *
 * @typedef {object} Events  the names for `on`, and what their handlers get
 * @property {State} state
 * @property {Welcome} welcome  after each connection, and after frames that were lost; its history follows as events
 * @property {Welcome} gap  messages are missing and cannot be had any more; comes before the history
 * @property {Chat} chat
 * @property {Notice} notice
 * @property {Crowd} joined
 * @property {Crowd} left
 * @property {{ onlineNumber: number }} online
 * @property {{ zanNumber: number }} likes  the absolute total
 * @property {{ seq: number, userId?: string }} removed  a moderator removed this chat: hide it. One event for each
 *   chat, with the `userId` if all that this user has said is removed
 * @property {Sanction} sanction
 * @property {{ settings: Settings }} settings
 * @property {{ changed: Properties, properties: Properties }} properties  what has changed, null for what was removed,
 *   and all properties; also after a welcome, if they are not what they were before it
 * @property {{ dropped: Record<string, number>, seq?: number, replayed: boolean }} leftOut  how many objects of each
 *   kind did not fit, or the one `seq`
 * @property {Refused} refused  a frame without a promise, such as a like, was refused
 * @property {{ message: string }} fault  something failed: the gateway, or `token`
 */

const NAMES = new Map([
  [0, "reply"], [1, "joined"], [2, "left"], [3, "who"], [4, "chat"], [5, "online"], [6, "likes"], [8, "welcome"],
  [9, "removed"], [10, "notice"], [11, "sanction"], [12, "settings"], [13, "leftOut"], [14, "properties"],
]);
// Each is delivered once. A leftOut has a seq if it stands for one object, which was too large.
const NUMBERED = new Set(["chat", "notice", "leftOut"]);
const EVENTS = new Set(["state", "gap", "refused", "fault", ...NAMES.values()]);
for (const answer of ["reply", "who"]) EVENTS.delete(answer);
// The objects that are delivered before a connection is welcomed, and after another has replaced it.
const BEFORE = new Set(["welcome", "sanction", "fault"]);
const AFTER = new Set(["chat", "notice", "removed", "reply", "who"]);

const SEEN = 1000; // so many seqs are remembered; a room keeps 300 chats and notices
const ID_MS = 300_000; // a user's id names one chat for so long
const LIKE_MS = 1000;
const LIKES_PER_FRAME = 100;
const LIKES_WAITING = 1000; // at most; a viewer who taps for long adds no more
// What the room takes. A character is a code point, as a string's iterator gives them.
const FRAME_BYTES = 4096;
const TEXT_LENGTH = 500;
const USER_ID_LENGTH = 64;
const CURSOR_LENGTH = 512;
const EXTRA_BYTES = 1024;
const PAGE_LIMIT = 200;
// A frame that is refused for one of these is refused however often it is sent. If it was too large or could not be
// read, the reply has no id.
const NEVER = new Set(["too_long", "bad_json", "bad_type", "bad_field"]);
const TOO_LARGE = 1009; // the close code of a connection that was sent too large a frame
const MOST = Number.MAX_SAFE_INTEGER; // the largest activityId and seq
const LONGEST_TIMER_MS = 2 ** 31 - 1; // a longer one ends at once
const WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
const STEADY_MS = 10_000; // a connection that lasted so long resets the backoff
const ENTER_MS = 30_000; // for the token, the handshake and the welcome together
const ANSWER_MS = 10_000;
const LOST_MS = 60_000; // the server recognises a repeated id for five minutes
const LINGER_MS = 5_000; // for objects that are still on their way to a replaced connection
const HEARTBEAT_SECONDS = 60;
const ROTATE_MINUTES = [95, 115]; // the gateway cuts at 120
const SEAT_MS = 300_000; // who belongs into the gallery keeps a seat for so long after the last word
const SLOT_MS = 1000;
const SPREAD_MS = 300; // readers ask for a slot within so long after its end
const READ_MS = 15_000; // an answer waits for up to five slots
const BEHIND_SLOTS = 30; // who asks for an older slot misses it alone
const RENEWALS_A_SECOND = 500; // of all readers of a room together, where all of them must renew their places
const MOST_FAILURES = 3; // so many requests fail in a row before another way is tried
// Who is refused for one of these is refused however often it is tried. A ban may end, which `retryAfter` tells.
const FINAL = new Set(["origin", "bad_field", "name_missing", "name_rejected", "banned", "banned_everywhere"]);
// A function may make a better token. One that is not valid yet will be.
const OF_TOKEN = new Set(["token_missing", "token_invalid", "token_expired", "token_other_room"]);

// The statuses with which the room refuses whoever asks for a place.
const REFUSALS = new Set([400, 401, 403]);

/** @type {Clock} */
const CLOCK = {
  now: () => (typeof performance === "undefined" ? Date.now() : performance.now()),
  setTimeout: (act, ms) => setTimeout(act, ms),
  clearTimeout: (timer) => clearTimeout(timer),
};

/** A frame was refused. `code` is one of the protocol's, or "lost" (no answer came), or "closed". */
export class Refused extends Error {
  /** @param {{ error: string, message?: string, retryAfter?: number }} reply */
  constructor({ error, message, retryAfter }) {
    super(said(message || error));
    this.name = "Refused";
    this.code = error;
    /** @type {number | undefined}  seconds, if a retry may succeed */
    this.retryAfter = isPositive(retryAfter) ? retryAfter : undefined;
  }
}

/**
 * The gateway ends every connection after two hours, so a room opens the next one before that. It then has up to three
 * links: `#link` is in use, `#next` is not welcomed yet, and `#last` was replaced by `#link` and stays open for a few
 * seconds, until what was on its way has come. Two links may bring the same chat, so `#seen` drops the second.
 *
 * A link is a Link, which is a seat in the room, or a Reader, which is a place in its gallery. Going from one to the other
 * is as replacing a connection: the new one is welcomed with what came since the cursor, and then the old one is given up.
 */
export class LiveRoom {
  #options;
  #clock;
  #random;
  #handlers = new Map();
  #wanted = false;
  #trial = 0; // the number of the newest attempt: a token that comes late belongs to an older one
  #link = null;
  #next = null;
  #last = null;
  #seen = new Seen();
  #properties = new Map(); // a map, since a property may have the name of what every object has
  #asks = new Map();
  #ids = 0;
  #name;
  #attempt = 0;
  #bearer; // the token of the newest attempt
  #badTokens = 0; // so many tokens in a row were refused
  #patient = false; // whether the wait has an end that the room has told
  #sleep = () => {}; // ends that `wake` is called
  #likes = 0;
  #timers;
  #gallery; // undefined if nobody is asked for a place
  #reads; // whether this viewer belongs into the gallery; undefined before the room has said so
  #spoken = -Infinity; // when the viewer spoke last
  #unasked = 0; // so many times in a row the API could not say where this viewer belongs

  /** @param {Options} options  a TypeError says what is wrong with them */
  constructor(options) {
    mustBe(isObject(options), "the options of a LiveRoom are an object");
    this.#options = { ...globals(), ...options };
    check(this.#options);
    this.#clock = options.clock ?? CLOCK;
    this.#random = options.random ?? Math.random;
    this.#timers = new Timers(this.#clock);
    if (!isEmpty(this.#options.api) && this.#options.gallery !== false) this.#gallery = new Gallery(this.#options);
    this.#name = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
  }

  /**
   * Call `handler` with each event of this name. Returns a function that ends this.
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {(event: Events[Name]) => void} handler
   * @returns {() => void}
   */
  on(name, handler) {
    mustBe(EVENTS.has(name), `on: the name is one of ${[...EVENTS].join(", ")}`);
    mustBe(typeof handler === "function", "on: the handler is a function");
    const handlers = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, handlers.add(handler));
    return () => handlers.delete(handler);
  }

  /** Enter the room and stay in it. The answer is a `welcome`. */
  connect() {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#badTokens = this.#unasked = 0;
    this.#reads = this.#gallery ? undefined : false;
    this.#spoken = -Infinity;
    const ends = [this.#options.onWake(() => this.#wake()), onPageHide(() => this.#gallery?.leave())];
    this.#sleep = () => ends.forEach((end) => end());
    this.#enter();
  }

  /** Leave. Promises that are still open are rejected with the code "closed". */
  close() {
    if (this.#wanted) this.#finish("closed");
  }

  /**
   * Say `text` to the room, or to the user `to` alone. Without a connection it waits for the next one. A chat that is
   * not answered is sent again, and published once. A text that is empty or too long is refused at once.
   * @param {string} text  1 to 500 characters after trimming
   * @param {{ to?: string | null, extra?: Record<string, any> | null }} [options]  `extra` comes beside the text: an
   *   object of at most 1,024 bytes as JSON
   * @returns {Promise<{ seq: number, id: string }>}  rejected with Refused, or with a TypeError for other arguments
   */
  async say(text, options = {}) {
    mustBe(typeof text === "string", "say: the text is a string");
    mustBe(isObject(options), "say: the options are an object"); // else what is for one user would be said to all
    const { to, extra } = options;
    mustBe(isNothing(to) || isText(to, 1, USER_ID_LENGTH), `say: to is a userId of 1 to ${USER_ID_LENGTH} characters`);
    mustBe(isNothing(extra) || isObject(extra), "say: extra is an object");
    // A copy, since the chat may be sent again after its caller has changed the object.
    const beside = isNothing(extra) ? {} : { extra: JSON.parse(JSON.stringify(extra)) };
    mustBe(isNothing(beside.extra) || isObject(beside.extra), "say: extra is an object");
    return this.#ask({ messageType: 4, message: text.trim(), ...(!isNothing(to) && { to }), ...beside });
  }

  /**
   * A page of the users in the room. `cursor` is that of the page before.
   * @param {{ limit?: number | null, cursor?: string | null }} [options]
   * @returns {Promise<Who>}  rejected with Refused, or with a TypeError for other arguments
   */
  async who(options = {}) {
    mustBe(isObject(options), "who: the options are an object");
    const { limit, cursor } = options;
    mustBe(isNothing(limit) || isWhole(limit, 1, PAGE_LIMIT), `who: limit is an integer from 1 to ${PAGE_LIMIT}`);
    mustBe(isNothing(cursor) || isText(cursor, 0, CURSOR_LENGTH), "who: cursor is that of the page before");
    return this.#ask({ messageType: 3, ...(!isNothing(limit) && { limit }), ...(cursor && { cursor }) });
  }

  /**
   * Send likes: they are added up and sent once a second. At most 1,000 wait.
   * @param {number} [count]  an integer from 1 to 1,000, else a TypeError is thrown
   */
  like(count = 1) {
    mustBe(isWhole(count, 1, LIKES_WAITING), `like: the count is an integer from 1 to ${LIKES_WAITING}`);
    if (!this.#wanted) return;
    this.#likes = Math.min(this.#likes + count, LIKES_WAITING);
    this.#speak();
    this.#likeSoon();
  }

  /**
   * The room's properties as they were last told; a copy.
   * @returns {Properties}
   */
  get properties() {
    return Object.fromEntries(this.#properties);
  }

  #emit(name, event) {
    if (!this.#wanted && name !== "state") return; // a handler of an earlier object of the frame has closed the room
    for (const handler of [...(this.#handlers.get(name) ?? [])]) {
      try {
        Promise.resolve(handler(event)).catch(report); // of an async handler
      } catch (error) {
        report(error);
      }
    }
  }

  /** Open a connection: the first one, one after an interruption, or one to replace the present one. */
  async #enter() {
    const trial = ++this.#trial;
    this.#patient = false;
    this.#timers.set("enter", ENTER_MS, () => this.#failed(this.#next ? undefined : "token_unavailable"));
    if (!this.#link) this.#emit("state", { name: "connecting" });
    let reason = "token_unavailable";
    try {
      const { token, WebSocket } = this.#options;
      const bearer = typeof token === "function" ? await token() : token;
      if (trial !== this.#trial) return;
      reason = "handshake_failed";
      this.#bearer = bearer;
      if (this.#mayRead() && !(await this.#askedToSit(trial))) return;
      const protocols = bearer ? ["live.v1", `bearer.${bearer}`] : ["live.v1"];
      const socket = new WebSocket(address(this.#options, this.#seen.cursor), protocols);
      this.#follow(new Link(socket, this.#clock, this.#random, () => this.#newId()));
    } catch (error) {
      if (trial !== this.#trial) return;
      this.#emit("fault", { message: said(error?.message ?? error) });
      if (trial === this.#trial) this.#failed(reason);
    }
  }

  /** `link` is the connection that is being opened. */
  #follow(link) {
    this.#next = link;
    link.onobject = (object, from, isLetter) => this.#object(object, from, isLetter);
    link.onend = (from, code) => this.#ended(from, code);
  }

  /** Whether the next connection is perhaps none, but a place in the gallery. */
  #mayRead() {
    return this.#reads !== false && this.#clock.now() - this.#spoken >= SEAT_MS;
  }

  /**
   * Ask for a place. Returns whether this viewer is to take a seat now: the room has one, the viewer has spoken
   * meanwhile, or the API does not know of galleries, or cannot tell for long.
   */
  async #askedToSit(trial) {
    const { token } = this.#options;
    const fresh = async () => {
      this.#bearer = await token();
    };
    const reader = new Reader(this.#gallery, this.#clock, this.#random, {
      cursor: () => this.#seen.cursor,
      bearer: () => this.#bearer,
      renewToken: typeof token === "function" ? fresh : undefined,
    });
    this.#follow(reader);
    reader.onrefused = (link, answer) => this.#putOut(link, answer);
    const answer = await reader.ask();
    if (trial !== this.#trial) {
      this.#gallery.leave(answer.told);
      return false;
    }
    if (!this.#mayRead()) {
      this.#gallery.leave(answer.told);
      return this.#isToSit();
    }
    if (answer.lane === "gallery") {
      this.#reads = true;
      this.#unasked = 0;
      reader.begin(answer);
      return false;
    }
    return this.#answeredOtherwise(answer);
  }

  /** There was an answer to who asked for a place, and it is no place. Returns whether to take a seat. */
  #answeredOtherwise({ lane, status, error, retryAfter }) {
    const isBusy = status === 429 || status >= 500;
    // Readers who lose the API do not all take seats.
    const isToWait = this.#reads ? lane !== "seat" && !error : isBusy && this.#unasked < MOST_FAILURES;
    if (error === "kicked") this.#finish("kicked");
    else if (status === 429 && retryAfter) this.#failed("too_often", { retryAfter });
    else if (isToWait) {
      this.#unasked += 1;
      this.#failed(status === 0 ? "unreachable" : "unavailable");
    } else {
      // Who is refused is so at the handshake, too, and is told why.
      if (!error || this.#link) this.#reads = false;
      return this.#isToSit();
    }
    return false;
  }

  /** Whether a seat must be taken: who has one keeps it. */
  #isToSit() {
    this.#next?.drop();
    this.#next = null;
    if (!this.#link?.speaks) return true;
    this.#timers.clear("enter");
    this.#goBackLater();
    return false;
  }

  /** A place was not renewed. The viewer is refused, or the room has a seat now, and no place. */
  #putOut(link, { lane, error }) {
    if (link !== this.#link) return;
    if (lane === "seat") {
      this.#reads = false;
      this.#replace();
      return;
    }
    link.drop();
    this.#link = null;
    this.#timers.clear("replace");
    if (error === "kicked") this.#finish("kicked");
    else this.#explain(true); // as a seat that is taken away, a ban that ends is not waited for
  }

  /** Only who has a seat can speak: take one, or keep it. */
  #speak() {
    this.#spoken = this.#clock.now();
    if (this.#link && !this.#link.speaks) this.#replace();
    else if (this.#link) this.#goBackLater();
  }

  /** Open a connection in place of the present one, unless that is going on, or the present one is what it has to be. */
  #replace() {
    if (this.#timers.has("enter") || this.#timers.has("replace")) return;
    if (this.#link.speaks || !this.#mayRead()) this.#enter();
  }

  /** Who belongs into the gallery goes back there a while after the last word. */
  #goBackLater() {
    if (this.#reads === false) return;
    const left = this.#spoken + SEAT_MS - this.#clock.now();
    this.#timers.set("back", Math.max(0, left), () => this.#link?.speaks && this.#replace());
  }

  /** The attempt to open a connection has failed; without a reason, the HTTP API may know it. */
  #failed(reason, why = {}) {
    this.#trial += 1;
    this.#next?.drop();
    this.#next = null;
    this.#timers.clear("enter");
    if (this.#link) this.#timers.set("replace", this.#pause(), () => this.#replace());
    else if (reason) this.#wait(false, { reason, ...why });
    else if (isEmpty(this.#options.api)) this.#wait(false);
    else this.#explain();
  }

  /** Ask why the connection was refused, and wait for as long as that takes to change, or give up. */
  async #explain(isPutOut = false) {
    const trial = this.#trial;
    const why = await this.#asked();
    if (trial !== this.#trial) return;
    this.#badTokens = OF_TOKEN.has(why.reason) ? this.#badTokens + 1 : 0;
    // A function may have kept a token that was valid: it is called once more.
    const isOfToken = this.#badTokens > (typeof this.#options.token === "function" ? 1 : 0);
    if (isOfToken || (FINAL.has(why.reason) && (isPutOut || !why.retryAfter))) this.#finish(why.reason, why);
    else this.#wait(false, why);
  }

  /** What the HTTP API says of this viewer: an object with a reason. */
  async #asked() {
    const { url, token } = question(this.#options, this.#seen.cursor);
    const bearer = this.#bearer || token;
    const headers = bearer ? { Authorization: `Bearer ${bearer}` } : {};
    const late = new Promise((resolve) => this.#timers.set("ask", ANSWER_MS, () => resolve({ reason: "unreachable" })));
    const why = await Promise.race([admission(this.#options.fetch, url, headers), late]);
    this.#timers.clear("ask");
    return why;
  }

  #ended(link, code) {
    if (code === TOO_LARGE) {
      const culprit = this.#largest(link);
      if (culprit) this.#refuse(culprit, { error: "too_long", message: "the frame was too large for the connection" });
    }
    if (link === this.#last) this.#last = null;
    if (link === this.#next) this.#failed();
    if (link !== this.#link) return;
    if (link.age() >= STEADY_MS) this.#attempt = 0;
    this.#link = null;
    for (const name of ["rotate", "replace", "back"]) this.#timers.clear(name);
    if (this.#timers.has("enter")) this.#emit("state", { name: "connecting" });
    else this.#wait(true);
  }

  /** @param {{ reason?: string, retryAfter?: number }} [why] */
  #wait(lost, why = {}) {
    this.#patient = isPositive(why.retryAfter);
    const delayMs = this.#patient ? 1000 * (why.retryAfter + this.#random()) : this.#pause();
    this.#timers.set("enter again", delayMs, () => this.#enter());
    this.#emit("state", { name: "waiting", delayMs, lost, ...why });
  }

  /** Exponential backoff with full jitter, in ms: viewers who lose the server together do not return together. */
  #pause() {
    return this.#random() * Math.min(LONGEST_WAIT_MS, WAIT_MS * 2 ** this.#attempt++);
  }

  /** The network is back, or somebody looks again. That ends no ban. */
  #wake() {
    this.#link?.probe();
    if (this.#patient || !this.#timers.has("enter again")) return;
    this.#timers.clear("enter again");
    this.#enter();
  }

  /** @param {object} [why]  what is known beside the reason */
  #finish(reason, why) {
    this.#wanted = false;
    this.#trial += 1;
    this.#sleep();
    this.#timers.clearAll();
    for (const link of [this.#link, this.#next, this.#last]) link?.drop();
    this.#gallery?.leave();
    this.#link = this.#next = this.#last = null;
    this.#likes = 0;
    for (const ask of [...this.#asks.values()]) this.#refuse(ask, { error: "closed" });
    this.#emit("state", { name: "closed", ...why, reason });
  }

  /** @param {boolean} [isLetter]  for this viewer alone, which says nothing of what others have been told before it */
  #object(object, link, isLetter = false) {
    if (!this.#has(link)) return;
    const name = "messageType" in object ? NAMES.get(object.messageType) : "fault";
    if (!name || (link === this.#next && !BEFORE.has(name))) return;
    if (link === this.#last && !(AFTER.has(name) && link.epoch === this.#seen.epoch)) return;
    // A connection that this client is about to replace may be the oldest of too many.
    if (name === "sanction" && isReplaced(object) && this.#hasAnother(link)) link.end();
    else if (name === "welcome") this.#welcomed(object, link);
    else if (NUMBERED.has(name)) this.#numbered(name, object, { replayed: false, inUse: link === this.#link && !isLetter });
    else if (name === "removed") this.#removed(object, link);
    else if (name === "properties") this.#changed(object.properties);
    else if (name === "reply") this.#replied(object, link);
    else if (name === "who") this.#answered(object);
    else if (name === "sanction") this.#sanctioned(object, link);
    else this.#emit(name, object);
  }

  /** Whether this link still counts: a handler of an earlier object of its frame may have ended it. */
  #has(link) {
    return [this.#link, this.#next, this.#last].includes(link);
  }

  /** Whether there is another connection than `link`, or one is being opened. */
  #hasAnother(link) {
    return link === this.#link ? this.#timers.has("enter") : this.#link !== null;
  }

  #sanctioned(sanction, link) {
    this.#emit("sanction", sanction);
    if (!this.#has(link)) return;
    const { action, reason, seconds } = sanction;
    if (!["kicked", "banned"].includes(action)) return;
    const isByRoom = isReplaced(sanction) || (action === "banned" && reason === "flooding");
    const ends = isPositive(seconds) && { retryAfter: seconds };
    this.#finish(isByRoom ? reason : action, { ...ends, ...(isText(reason, 1) && !isByRoom && { text: reason }) });
  }

  #removed(object, link) {
    const { seqs, seq, userId } = object;
    const ofUser = typeof userId === "string";
    // The room's history named those in `seqs`; what was delivered here may be older, or private.
    const all = ofUser ? [...(Array.isArray(seqs) ? seqs : []), ...this.#seen.saidBy(userId)] : [seq];
    for (const one of all.filter((each) => isWhole(each, 0, MOST))) {
      if (!this.#has(link)) return;
      if (this.#seen.remove(one)) this.#emit("removed", { messageType: 9, seq: one, ...(ofUser && { userId }) });
    }
  }

  /** Take in changes, with null for what was removed. Of what is no object nothing is taken. */
  #changed(changes) {
    if (!isObject(changes)) return;
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) this.#properties.delete(name);
      else this.#properties.set(name, value);
    }
    this.#emit("properties", { changed: changes, properties: this.properties });
  }

  /** A welcome has all properties: what differs has changed meanwhile. */
  #renewed(properties) {
    const now = new Map(Object.entries(isObject(properties) ? properties : {}));
    const names = new Set([...this.#properties.keys(), ...now.keys()]);
    const differ = (name) => JSON.stringify(this.#properties.get(name)) !== JSON.stringify(now.get(name));
    const changed = [...names].filter(differ).map((name) => [name, now.get(name) ?? null]);
    if (changed.length > 0) this.#changed(Object.fromEntries(changed));
  }

  #numbered(name, object, { replayed, inUse }) {
    // Objects of a replaced connection may be ahead of those of the present one, so they do not move the cursor.
    if (inUse) this.#seen.reach(object.seq);
    if (this.#seen.add(object)) this.#emit(name, { ...object, replayed });
  }

  #welcomed(object, link) {
    const resumed = this.#seen.cursor !== "";
    const before = this.#link;
    this.#seen.enter(object.cursor);
    link.welcomed(this.#seen.epoch, object.heartbeatSeconds);
    if (link === this.#next) this.#use(link);
    this.#badTokens = 0;
    if (before?.speaks !== link.speaks) this.#emit("state", { name: "open", lane: link.speaks ? "seat" : "gallery" });
    if (!this.#told({ ...object, resumed }, link)) return;
    this.#seen.pass(object.cursor);
    if (!before?.speaks) for (const ask of this.#asks.values()) this.#try(ask);
    if (!link.speaks && (this.#asks.size > 0 || this.#likes > 0)) this.#replace();
    this.#likeSoon();
  }

  /** Deliver a welcome and what it brings. Returns whether all of it was: any handler may close the room. */
  #told(welcome, link) {
    if (this.#has(link)) this.#emit("welcome", welcome);
    if (this.#has(link)) this.#renewed(welcome.properties);
    if (this.#has(link) && welcome.gap) this.#emit("gap", welcome);
    for (const old of Array.isArray(welcome.history) ? welcome.history : []) {
      if (!this.#has(link)) break;
      const name = NAMES.get(old?.messageType);
      if (NUMBERED.has(name)) this.#numbered(name, old, { replayed: true, inUse: true });
    }
    return this.#has(link);
  }

  /** The welcomed `link` replaces the one in use, which stays open for a while to deliver what is on its way. */
  #use(link) {
    const last = this.#last;
    // Who reads on beside a seat does so, too, when the seat is lost and another takes its place.
    if (this.#link || !link.speaks || last?.speaks) this.#last = this.#link;
    this.#link = link;
    this.#next = null;
    this.#timers.clear("enter");
    if (this.#last !== last) {
      this.#letGo(last);
      this.#last?.retire();
      const replaced = this.#last;
      if (replaced) this.#timers.set("linger", LINGER_MS, () => this.#letGo(replaced));
    }
    for (const name of ["rotate", "replace", "back"]) this.#timers.clear(name);
    if (!link.speaks) return;
    this.#goBackLater();
    const [least, most] = ROTATE_MINUTES;
    this.#timers.set("rotate", (least + this.#random() * (most - least)) * 60_000, () => this.#enter());
  }

  /** Nothing is expected any more of a link that was replaced; a place is given up if nobody reads there. */
  #letGo(link) {
    link?.drop();
    if (link && link === this.#last) this.#last = null;
    const isReading = [this.#link, this.#last].some((other) => other && !other.speaks);
    if (link && !link.speaks && !isReading) this.#gallery.leave();
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
    const id = this.#newId();
    const whole = { ...frame, id };
    const bytes = size(whole);
    const refused = this.#wanted ? neverTaken(whole, bytes) : { error: "closed" };
    if (refused) throw new Refused(refused);
    return new Promise((resolve, reject) => {
      const since = this.#clock.now();
      const ask = { id, frame: whole, bytes, link: null, resolve, reject, since, why: { error: "lost" } };
      this.#asks.set(id, ask);
      this.#speak();
      this.#try(ask);
    });
  }

  /** A new id: the server would take a used one for a retry. */
  #newId() {
    this.#ids += 1;
    return `${this.#name}-${this.#ids}`;
  }

  /** Send the frame now, and again if no answer comes. */
  #try(ask) {
    if (this.#link?.send(ask.frame)) ask.link = this.#link;
    this.#later(ask, ANSWER_MS);
  }

  #later(ask, ms) {
    const left = ask.since + LOST_MS - this.#clock.now();
    if (left > ms) this.#timers.set(ask.id, ms, () => this.#try(ask));
    else this.#timers.set(ask.id, left, () => this.#refuse(ask, ask.why));
  }

  #refuse(ask, why) {
    this.#settle(ask, ask.reject, new Refused(why));
  }

  /** The largest frame that waits for an answer on this link: the one that a complaint without an id is about. */
  #largest(link) {
    const sent = [...this.#asks.values()].filter((ask) => ask.link === link);
    return sent.sort((one, other) => other.bytes - one.bytes)[0];
  }

  #settle(ask, how, result) {
    this.#asks.delete(ask.id);
    this.#timers.clear(ask.id);
    how(result);
  }

  #replied(reply, link) {
    const nameless = isNothing(reply.id) && NEVER.has(reply.error);
    const ask = nameless ? this.#largest(link) : this.#asks.get(reply.id);
    if (!ask) return reply.ok || this.#emit("refused", new Refused(reply));
    if (reply.ok) return ask.frame.messageType === 4 && this.#settle(ask, ask.resolve, { seq: reply.seq, id: ask.id });
    if (reply.error !== "unavailable") return this.#refuse(ask, reply);
    // It may have been published all the same, so the retry must have the same id.
    ask.why = reply;
    this.#later(ask, 1000 * Math.max(1, new Refused(reply).retryAfter ?? 1));
  }

  #answered({ users, onlineNumber, cursor, id }) {
    const ask = this.#asks.get(id);
    const page = { users: Array.isArray(users) ? users : [], onlineNumber, cursor: cursor ?? null };
    if (ask) this.#settle(ask, ask.resolve, page);
  }
}

/** One WebSocket: parses its frames, sends heartbeats, and detects that it is dead. */
class Link {
  epoch = "";
  speaks = true;
  onobject = (_object, _link) => {};
  onend = (_link, _code) => {};
  #socket;
  #clock;
  #random;
  #newId;
  #every; // ms between heartbeats
  #asked; // the id of the last heartbeat that wants an answer
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
    socket.onclose = (event) => this.end(event?.code);
    socket.onerror = () => this.end();
  }

  send(object) {
    if (this.#socket.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(object));
    return true;
  }

  welcomed(epoch, heartbeatSeconds) {
    this.epoch = epoch;
    this.#born ??= this.#clock.now();
    const every = 1000 * (isPositive(heartbeatSeconds) ? Math.max(1, heartbeatSeconds) : HEARTBEAT_SECONDS);
    if (every === this.#every && this.#timers.has("beat")) return; // another welcome must not put the heartbeat off
    this.#every = every;
    this.#timers.set("beat", every * this.#random(), () => this.#beat(every));
  }

  /** The time since the welcome, in ms. */
  age() {
    return this.#clock.now() - this.#born;
  }

  #beat(every) {
    this.#timers.set("beat", every, () => this.#beat(every));
    if (!this.probe()) this.send({ messageType: 7 });
  }

  /**
   * If nothing came for a while, send a heartbeat that wants an answer, and end the connection if none comes. Returns
   * whether an answer is awaited.
   */
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
      if (object.messageType === 0 && object.id !== undefined && object.id === this.#asked) continue;
      try {
        this.onobject(object, this);
      } catch (error) {
        report(error); // the rest of the frame is well
      }
    }
  }

  /** Stop the heartbeats: another connection sends them now. */
  retire() {
    this.#timers.clearAll();
  }

  /** @param {number} [code]  with which it was closed */
  end(code) {
    this.drop();
    this.onend(this, code);
  }

  /** Close the socket without waiting for its close event, which takes long on a dead connection. */
  drop() {
    this.retire();
    this.#socket.onmessage = this.#socket.onclose = this.#socket.onerror = () => {};
    this.#socket.close(1000);
  }
}

/** The HTTP side of the gallery, and this viewer's place there. Its promises are never rejected. */
class Gallery {
  /** @type {{ place: string, userId: string, mail: string } | undefined}  the place that is held, if one is */
  held;
  #fetch;
  #api;
  #room;
  #person;
  #token;

  constructor(options) {
    const { room, parameters } = place(address(options, ""));
    this.#fetch = options.fetch;
    this.#api = absolute(options.api).replace(/\/+$/, "");
    this.#room = `${this.#api}/api/activities/${room}/place`;
    const given = ["username", "userId", "avatar", "attributes"].map((name) => [name, valueOf(parameters, name)]);
    this.#person = Object.fromEntries(given.filter(([, value]) => !isNothing(value)));
    // As an address has them, they are a text.
    if (this.#person.attributes) this.#person.attributes = read(this.#person.attributes);
    this.#token = valueOf(parameters, "token");
  }

  /** Take a place, or renew the one that is held. */
  async ask(since, bearer) {
    const { place: held, mail } = this.held ?? {};
    const order = { ...this.#person, ...(held && { place: held, mail }), ...(since && { since }) };
    const token = bearer || this.#token;
    const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
    const answer = await this.#call(this.#room, { method: "POST", headers, body: JSON.stringify(order) });
    const { status, told, after } = answer;
    const isPlace = status === 200 && told?.lane === "gallery" && isText(told.place, 1) && isText(told.ticks, 1) &&
      isWhole(told.next, 0, MOST) && isPositive(told.now);
    const lane = isPlace || (status === 200 && told?.lane === "seat") ? told.lane : undefined;
    const retryAfter = isPositive(after) ? after : undefined;
    return { status, lane, told, error: refusal(status, told), retryAfter };
  }

  /** What was said since the slot. */
  slot(ticks, slot) {
    return this.#call(`${this.#api}${ticks}${slot}`, { headers: {} });
  }

  /** Give the place up, by a beacon if there are any: it outlives a page that is being closed. */
  leave(place = this.held) {
    if (!place?.place) return;
    if (place.place === this.held?.place) this.held = undefined;
    const url = joined(`${this.#room}/leave`, [parameter("place", place.place), parameter("userId", place.userId)]);
    if (typeof navigator !== "undefined" && navigator.sendBeacon?.(url)) return;
    this.#call(url, { method: "POST", headers: {} });
  }

  async #call(url, options) {
    try {
      const answer = await this.#fetch(url, options);
      const after = Number(answer.headers?.get("Retry-After") ?? NaN);
      return { status: answer.status, told: await answer.json().catch(() => null), after };
    } catch {
      return { status: 0, told: null, after: NaN };
    }
  }
}

/**
 * A place in the gallery: reads over HTTP what others are sent, slot by slot, and renews the place. It stands where a
 * Link does, but cannot speak.
 *
 * A *whole* renewal gives the cursor and is answered with what came since, as a handshake is. It is needed where slots
 * are missing. Other renewals bring what was said to this viewer alone, and reading goes on meanwhile.
 */
class Reader {
  epoch = "";
  speaks = false;
  onobject = (_object, _link, _isLetter) => {};
  onend = (_link, _code) => {};
  onrefused = (_link, _answer) => {};
  #gallery;
  #clock;
  #random;
  #viewer;
  #timers;
  #place; // the last answer
  #next = 0; // the slot to ask for
  #reading = 0; // the number of the newest request for a slot: older answers count no more
  #ahead = 0; // the slots' clock less this one's, in ms
  #every; // ms between renewals
  #misses = 0; // requests for slots that failed in a row
  #refusals = 0; // renewals that failed in a row
  #renewing = false;
  #due = false; // whether something came up while the place was being renewed
  #whole = false; // whether the next renewal is a whole one
  #retired = false;
  #dropped = false;
  #born = null;
  #heard;

  /** @param {{ cursor: () => string, bearer: () => string, renewToken?: () => Promise<void> }} viewer */
  constructor(gallery, clock, random, viewer) {
    this.#gallery = gallery;
    this.#clock = clock;
    this.#random = random;
    this.#viewer = viewer;
    this.#timers = new Timers(clock);
    this.#heard = clock.now();
  }

  /** Ask for a place; a status of 0 if there is no answer. The place that was given up meanwhile is forgotten. */
  async ask() {
    const answer = await this.#inTime("place", ANSWER_MS, this.#gallery.ask(this.#viewer.cursor(), this.#viewer.bearer()));
    if (answer.status !== 404 || !this.#gallery.held) return answer;
    this.#gallery.held = undefined;
    return this.ask();
  }

  /** Read from where the answer says. */
  begin(answer) {
    this.#taken(answer.told, true);
  }

  send() {
    return false;
  }

  welcomed(epoch) {
    this.epoch = epoch;
    this.#born ??= this.#clock.now();
  }

  age() {
    return this.#clock.now() - this.#born;
  }

  /** Somebody looks again. A device that slept has a clock that stood still, so the place is renewed. */
  probe() {
    if (this.#clock.now() - this.#heard >= ANSWER_MS) this.#renew(true);
    return false;
  }

  /** A seat has taken over. What was said to this viewer alone before comes to the place, perhaps only now. */
  retire() {
    this.#retired = true;
  }

  end() {
    this.drop();
    this.onend(this);
  }

  drop() {
    this.#dropped = true;
    this.#timers.clearAll();
  }

  /** The place is held, as this answer says. */
  #taken(told, whole) {
    const { place, userId, mail, ticks, beatSeconds, now } = told;
    this.#gallery.held = { place, userId, mail };
    this.#place = told;
    this.#ahead = now - this.#clock.now();
    this.#heard = this.#clock.now();
    if (whole) {
      this.#next = told.next;
      this.onobject(welcomeOf(told), this);
    }
    for (const letter of Array.isArray(told.objects) ? told.objects : []) this.#deliver(letter, true);
    if (this.#dropped) return;
    const every = 1000 * (isPositive(beatSeconds) ? Math.max(1, beatSeconds) : HEARTBEAT_SECONDS);
    if (every !== this.#every || !this.#timers.has("beat")) {
      // The first one at a moment of this viewer's own: who came together does not renew together.
      const first = this.#every === undefined ? this.#random() : 1;
      this.#every = every;
      this.#timers.set("beat", every * first, () => this.#beat());
    }
    if (whole) this.#readInTime();
  }

  #beat() {
    this.#timers.set("beat", this.#every, () => this.#beat());
    this.#renew();
  }

  /** Ask for the next slot after its end, at a moment of this viewer's own. */
  #readInTime() {
    this.#reading += 1;
    this.#timers.clear("slot");
    const over = (this.#next + 1) * SLOT_MS - this.#ahead - this.#clock.now();
    const wait = over + this.#random() * SPREAD_MS;
    // What is over for long is read at once: a browser delays the timers of a page that nobody sees.
    if (wait <= 0) this.#read();
    else this.#timers.set("slot", wait, () => this.#read());
  }

  async #read() {
    const number = ++this.#reading;
    const { ticks } = this.#place;
    const { status, told } = await this.#inTime("read", READ_MS, this.#gallery.slot(ticks, this.#next));
    if (this.#dropped || number !== this.#reading) return;
    const isRead = status === 200 && Array.isArray(told?.objects) && isWhole(told.next, this.#next + 1, MOST);
    if (isRead) this.#said(told);
    else if (status === 403 && this.#misses === 0) this.#missed(() => this.#renewToRead(ticks));
    else if ([200, 403, 404].includes(status)) this.#missed(() => this.#renew(true), this.#turn(told));
    else this.#missed(() => this.#read());
  }

  /** Everything of some slots. */
  #said({ next, objects, for: called }) {
    this.#heard = this.#clock.now();
    this.#misses = 0;
    this.#next = next;
    for (const object of objects) this.#deliver(object, false);
    if (this.#dropped) return;
    if (Array.isArray(called) && called.includes(this.#place.hash)) this.#renew();
    this.#readInTime();
  }

  #deliver(object, isLetter) {
    if (this.#dropped || !isObject(object)) return;
    try {
      this.onobject(object, this, isLetter);
    } catch (error) {
      report(error); // the rest is well
    }
  }

  /**
   * Something else than a slot was read: do what helps, soon, or at some moment of the next `within` ms. Readers who lose
   * the server together do not ask together.
   */
  #missed(act, within = 0) {
    this.#misses += 1;
    if (this.#misses > MOST_FAILURES) this.end();
    else this.#timers.set("slot", (1 + this.#random()) * 500 * 2 ** this.#misses + this.#random() * within, act);
  }

  /** Within so many ms the place is to be renewed. If the server has lost the room, all its readers are to renew theirs. */
  #turn(told) {
    const { onlineNumber } = this.#place;
    const isBehind = (this.#clock.now() + this.#ahead) / SLOT_MS - this.#next > BEHIND_SLOTS;
    if (!told?.gap || isBehind || !isPositive(onlineNumber)) return 0;
    return Math.min(this.#every, (1000 * onlineNumber) / RENEWALS_A_SECOND);
  }

  /** The key is not valid any more: get another, and read on. */
  async #renewToRead(before) {
    await this.#renew();
    if (this.#dropped || this.#timers.has("slot")) return;
    if (this.#place.ticks === before) this.#missed(() => this.#renew(true));
    else this.#read();
  }

  /** Renew the place; `whole` if slots are missing. */
  async #renew(whole = false) {
    this.#whole ||= whole;
    this.#due = true;
    if (this.#renewing) return;
    this.#renewing = true;
    while (this.#due && !this.#dropped) {
      this.#due = false;
      // A place that was given up is taken anew, and then the state of the room is told anew.
      const isWhole = (this.#whole ||= !this.#gallery.held);
      const since = isWhole ? this.#viewer.cursor() : "";
      const asked = this.#gallery.ask(since, this.#viewer.bearer());
      await this.#renewed(await this.#inTime("place", ANSWER_MS, asked), isWhole);
    }
    this.#renewing = false;
  }

  async #renewed(answer, whole) {
    if (this.#dropped) {
      // Perhaps a place that the server has given only now.
      if (answer.lane === "gallery" && !this.#gallery.held) this.#gallery.leave(answer.told);
      return;
    }
    const { lane, status, told } = answer;
    if (lane === "gallery") {
      this.#refusals = 0;
      const isNewEpoch = parsed(told.cursor).epoch !== this.epoch;
      if (whole) this.#whole = false;
      else if (told.gap || isNewEpoch) this.#whole = this.#due = true;
      if (whole || !isNewEpoch) this.#taken(told, whole);
    } else if (lane === "seat") this.onrefused(this, answer);
    else if (status === 404 && this.#gallery.held) {
      this.#gallery.held = undefined;
      if (this.#retired) this.end();
      this.#due = true;
    } else if (status === 401 && this.#viewer.renewToken && this.#refusals === 0) {
      this.#refusals += 1;
      await this.#viewer.renewToken().catch(() => {}); // then the old one is refused again
      this.#due = true;
    } else if (answer.error) this.onrefused(this, answer);
    else this.#renewLater(answer);
  }

  /** Nobody could renew the place. Slots are read on meanwhile, if none are missing. */
  #renewLater({ retryAfter }) {
    this.#refusals += 1;
    if (this.#whole && this.#refusals > MOST_FAILURES) return this.end();
    const wait = Math.min(LONGEST_WAIT_MS, WAIT_MS * 2 ** this.#refusals);
    this.#timers.set("renew", 1000 * (retryAfter ?? 0) + (1 + this.#random()) * wait, () => this.#renew());
  }

  /** What was promised, or a status of 0 after so long. */
  #inTime(name, ms, promise) {
    const late = new Promise((resolve) => this.#timers.set(name, ms, () => resolve({ status: 0, told: null })));
    return Promise.race([promise, late]).then((answer) => {
      if (!this.#dropped) this.#timers.clear(name);
      return answer;
    });
  }
}

/** What was delivered: drops repetitions, and knows the cursor to resume from. */
class Seen {
  epoch = ""; // whose numbers `#keys` are
  #from = { epoch: "", seq: 0 }; // everything up to here was delivered, or told as a gap
  #keys = new Set();
  #named = new Map(); // of each chat with an id, when it was said
  #senders = new Map(); // who said each chat, by its seq

  /** The cursor to resume from, empty before the first welcome was delivered. */
  get cursor() {
    return this.#from.epoch && `${this.#from.epoch}.${this.#from.seq}`;
  }

  /** A welcome with this cursor has come. The cursor to resume from stays until what it brings is delivered. */
  enter(cursor) {
    const { epoch } = parsed(cursor);
    // A new epoch numbers its events from the start, so the seqs of the old epoch mean nothing.
    if (!epoch || epoch !== this.epoch) for (const kept of [this.#keys, this.#senders]) kept.clear();
    this.epoch = epoch;
  }

  /** All that came with the welcome of this cursor was delivered. */
  pass(cursor) {
    this.reach(parsed(cursor).seq);
  }

  /** Everything up to this seq of the present epoch is being delivered. */
  reach(seq) {
    if (!isWhole(seq, 0, MOST)) return;
    const before = this.#from.epoch === this.epoch ? this.#from.seq : 0;
    this.#from = { epoch: this.epoch, seq: Math.max(before, seq) };
  }

  /** Whether this object is new. One without a seq always is. */
  add(object) {
    if (!isWhole(object.seq, 0, MOST)) return true;
    if (!this.#remember(object.seq) || this.#isDuplicate(object)) return false;
    this.#senders.set(object.seq, object.userId);
    if (this.#senders.size > SEEN) this.#senders.delete(this.#senders.keys().next().value);
    return true;
  }

  /** The seqs of the chats of this user that were delivered. */
  saidBy(userId) {
    return [...this.#senders].filter(([, sender]) => sender === userId).map(([seq]) => seq);
  }

  /** Whether a chat was delivered under another seq, which may happen in a new epoch. */
  #isDuplicate({ id, userId, time }) {
    if (id === undefined) return false;
    const name = JSON.stringify([userId, id]);
    const before = this.#named.get(name);
    const moment = Number.isFinite(time) ? time : 0;
    if (before !== undefined && Math.abs(moment - before) <= ID_MS) return true;
    this.#named.delete(name);
    this.#named.set(name, moment);
    if (this.#named.size > SEEN) this.#named.delete(this.#named.keys().next().value);
    return false;
  }

  /** Whether this removal is new. The removed chat, if it comes later, counts as delivered. */
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
    }, Math.min(ms, LONGEST_TIMER_MS));
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

/** The globals that stand for options which are left out; undefined where there is none. */
function globals() {
  return {
    WebSocket: typeof WebSocket === "undefined" ? undefined : WebSocket,
    fetch: typeof fetch === "undefined" ? undefined : (url, options) => fetch(url, options),
    onWake: onBrowserWake,
  };
}

/** Call `wake` when a browser's network is back, or its page is visible again. Returns a function that ends this. */
function onBrowserWake(wake) {
  const page = typeof document === "undefined" ? undefined : document;
  const targets = [[typeof window === "undefined" ? undefined : window, "online"], [page, "visibilitychange"]];
  const look = () => page?.visibilityState !== "hidden" && wake();
  for (const [target, event] of targets) target?.addEventListener(event, look);
  return () => targets.forEach(([target, event]) => target?.removeEventListener(event, look));
}

/** Call `act` when a browser closes the page. Returns a function that ends this. */
function onPageHide(act) {
  const target = typeof window === "undefined" ? undefined : window;
  target?.addEventListener?.("pagehide", act);
  return () => target?.removeEventListener?.("pagehide", act);
}

/** The whole of an address, which in a page may be relative; a TypeError if it is none. */
function absolute(address) {
  if (typeof URL !== "undefined") return new URL(address, typeof location === "undefined" ? undefined : location.href).href;
  mustBe(/^[a-z]+:\/\/[^\s/?#]/i.test(address), `${said(address)} is no address`);
  return String(address);
}

/** An address without its query, and the query's parameters: of each the name and the text as it stands there. */
function split(whole) {
  const [, base, query = ""] = /^([^?#]*)(?:\?([^#]*))?/.exec(whole);
  const texts = query.split("&").filter((text) => text !== "");
  return { base, parameters: texts.map((text) => [unescaped(text.split("=")[0]), text]) };
}

function joined(base, parameters) {
  return parameters.length > 0 ? `${base}?${parameters.map(([, text]) => text).join("&")}` : base;
}

function parameter(name, value) {
  // Half a surrogate pair cannot be written.
  return [name, `${name}=${encodeURIComponent(String(value).replace(/[\ud800-\udfff]/gu, "\ufffd"))}`];
}

/** The value of a parameter, the last one if there are several; undefined if there is none. */
function valueOf(parameters, name) {
  const texts = parameters.filter(([each]) => each === name).map(([, text]) => text);
  return texts.length > 0 ? unescaped(texts[texts.length - 1].split("=").slice(1).join("=")) : undefined;
}

function unescaped(text) {
  try {
    return decodeURIComponent(text.replace(/\+/g, " "));
  } catch {
    return text;
  }
}

/**
 * @param {Options} options
 * @param {string} since  a cursor, or an empty string
 */
function address({ url, activityId, username, userId, avatar, attributes }, since) {
  const { base, parameters } = split(absolute(url));
  const shown = isNothing(attributes) ? "" : JSON.stringify(attributes);
  const values = Object.entries({ activityId, username, userId, avatar, since, attributes: shown });
  const given = values.filter(([, value]) => !isEmpty(value));
  const kept = parameters.filter(([name]) => !given.some(([each]) => each === name));
  return joined(base.replace(/^http/i, "ws"), [...kept, ...given.map(([name, value]) => parameter(name, value))]);
}

/** The room that an address names: by its query, or by a path `/websocket/42/alice`, which comes before the query. */
function place(whole) {
  const { base, parameters } = split(whole);
  const [, room, name] = /\/websocket\/([^/]+)\/([^/]+)$/.exec(base) ?? [];
  if (!room) return { room: valueOf(parameters, "activityId"), parameters };
  const others = parameters.filter(([each]) => each !== "username");
  return { room: unescaped(room), parameters: [["username", `username=${name}`], ...others] };
}

/** What is asked of the HTTP API, and the token of the address, if there is one: a token belongs into no log. */
function question(options, since) {
  const { room, parameters } = place(address(options, since));
  const api = absolute(options.api).replace(/\/+$/, "");
  const asked = parameters.filter(([name]) => !["activityId", "token"].includes(name));
  return { url: joined(`${api}/api/activities/${room}/admission`, asked), token: valueOf(parameters, "token") };
}

/**
 * Why the room refuses a connection.
 * @param {Fetch} fetch
 * @param {string} url
 * @param {Record<string, string>} headers
 * @returns {Promise<{ reason: string } & Why>}
 */
async function admission(fetch, url, headers) {
  let answer;
  try {
    answer = await fetch(url, { headers });
  } catch {
    return { reason: "unreachable" };
  }
  if (answer.status === 400) return { reason: "bad_field" };
  if (answer.status === 403) return { reason: "wrong_address" };
  const told = answer.status === 200 ? await answer.json().catch(() => null) : null;
  if (told?.admitted === true) return { reason: "handshake_failed" };
  if (told?.admitted !== false || !isText(told.reason, 1)) return { reason: "unavailable" };
  const { reason, message, retryAfter, until, text } = told;
  return {
    reason,
    ...(isText(message, 1) && { message }),
    ...(isPositive(retryAfter) && { retryAfter }),
    ...(["banned", "banned_everywhere"].includes(reason) && { until: isPositive(until) ? until : null }),
    ...(isText(text, 1) && { text }),
  };
}

/** A TypeError if these options cannot be meant. */
function check(options) {
  const { url, activityId, username, userId, avatar, attributes, token, api, WebSocket, onWake, clock, random } = options;
  mustBe(WebSocket, "there is no WebSocket here: give one as options.WebSocket");
  mustBe(typeof WebSocket === "function", "WebSocket is a class");
  mustBe(isText(url, 1) || isUrl(url), "url is an address");
  mustBe(isEmpty(activityId) || isRoom(activityId), "activityId is an integer from 1 to 9007199254740991");
  for (const [what, value] of Object.entries({ username, userId, avatar })) {
    mustBe(isNothing(value) || typeof value === "string", `${what} is a string`); // which ones, the room says
  }
  const isTexts = isObject(attributes) && Object.values(attributes).every((value) => typeof value === "string");
  mustBe(isNothing(attributes) || isTexts, "attributes is an object of strings");
  // Other characters cannot be offered as a subprotocol.
  const isToken = typeof token === "function" || (typeof token === "string" && /^[\w!#$%&'*+.^`|~-]*$/.test(token));
  mustBe(isNothing(token) || isToken, "token is a JWT, or a function that makes one");
  for (const part of isNothing(clock) ? [] : ["now", "setTimeout", "clearTimeout"]) {
    mustBe(typeof clock[part] === "function", `clock has a function ${part}`);
  }
  mustBe(isNothing(random) || typeof random === "function", "random is a function");
  mustBe(typeof onWake === "function", "onWake is a function");
  mustBe(isNothing(options.gallery) || typeof options.gallery === "boolean", "gallery is true or false");
  checkAddress(address(options, ""));
  if (!isEmpty(api)) checkApi(options);
}

function checkAddress(whole) {
  mustBe(/^wss?:/i.test(whole), "url begins with wss:, ws:, https: or http:");
  const activityId = valueOf(split(whole).parameters, "activityId");
  mustBe(!activityId || isRoom(activityId), "url names a room that is no integer from 1 to 9007199254740991");
}

/** A TypeError if the HTTP API cannot be asked. */
function checkApi({ api, fetch, ...options }) {
  mustBe(typeof fetch === "function", "there is no fetch here: give one as options.fetch, or no api");
  mustBe((isText(api, 1) || isUrl(api)) && /^https?:/i.test(absolute(api)), "api begins with https: or http:");
  mustBe(!/[?#]/.test(absolute(api)), "api is an address without a query");
  mustBe(!isEmpty(place(address(options, "")).room), "with an api, url or activityId has to name the room");
}

function isUrl(value) {
  return typeof URL !== "undefined" && value instanceof URL;
}

/** Why the room would never take this frame of so many bytes; undefined if it may. */
function neverTaken({ message, extra }, bytes) {
  if (message === "") return { error: "bad_field", message: "message must not be empty" };
  if (message !== undefined && !isText(message, 1, TEXT_LENGTH)) {
    return { error: "too_long", message: `message has at most ${TEXT_LENGTH} characters` };
  }
  if (extra !== undefined && size(extra) > EXTRA_BYTES) {
    return { error: "bad_field", message: `extra must have at most ${EXTRA_BYTES} bytes as JSON` };
  }
  if (bytes > FRAME_BYTES) return { error: "too_long", message: `a frame has at most ${FRAME_BYTES} bytes` };
}

/** The bytes of an object as JSON in UTF-8. Of one that no frame can hold, it is only known that there are too many. */
function size(object) {
  let bytes = 0;
  for (const character of JSON.stringify(object)) {
    const code = character.codePointAt(0);
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes > FRAME_BYTES) break;
  }
  return bytes;
}

/** The epoch and the seq of a cursor; an empty epoch if it is none. */
function parsed(cursor) {
  const [, epoch, seq] = (typeof cursor === "string" && /^([0-9a-z]+)\.([0-9]+)$/.exec(cursor)) || ["", "", "0"];
  return { epoch, seq: Number(seq) };
}

/** What a place's answer says, as a welcome says it. The place is a secret, and the rest is for the reader. */
function welcomeOf({ place: _place, ticks: _ticks, hash: _hash, mail: _mail, objects: _objects, ...told }) {
  const { lane: _lane, next: _next, now: _now, beatSeconds, ...welcome } = told;
  return { ...welcome, messageType: 8, connectionId: "", heartbeatSeconds: beatSeconds };
}

/** With which word the room has refused a viewer; undefined if it has not: another address of the API may help. */
function refusal(status, told) {
  return REFUSALS.has(status) && isText(told?.error, 1) && told.error !== "not_allowed" ? told.error : undefined;
}

/** A JSON text; undefined if it is none. */
function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether newer connections of the user have taken a connection's place. */
function isReplaced({ action, reason }) {
  return action === "kicked" && reason === "replaced";
}

function isNothing(value) {
  return value === undefined || value === null;
}

/** Whether an option is as good as left out. */
function isEmpty(value) {
  return isNothing(value) || value === "";
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPositive(value) {
  return Number.isFinite(value) && value > 0;
}

function isWhole(value, least, most) {
  return Number.isInteger(value) && value >= least && value <= most;
}

function isRoom(value) {
  return isWhole(typeof value === "string" && /^[1-9][0-9]*$/.test(value) ? Number(value) : value, 1, MOST);
}

/** Whether it is a string of so many characters. */
function isText(value, least, most = Infinity) {
  if (typeof value !== "string" || value.length < least) return false;
  // A character is one or two units, so that a huge text need not be counted.
  return value.length <= most || (value.length <= 2 * most && [...value].length <= most);
}

function mustBe(condition, mistake) {
  if (!condition) throw new TypeError(mistake);
}

/** Anything as a text; an object of another system may have none. */
function said(value) {
  try {
    return String(value);
  } catch {
    return "no text";
  }
}

/** Tell of an error of the application after the frame: it must neither stop the rest of it nor be hidden. */
function report(error) {
  const tell = typeof reportError === "function" ? reportError : console.error;
  Promise.resolve().then(() => tell(error));
}
