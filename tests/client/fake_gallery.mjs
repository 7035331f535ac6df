/** The HTTP side of a room's gallery, which does what a test says. The first slot that it tells of is 1000. */

import { settled } from "./fakes.mjs";
import { viewer } from "./viewer.mjs";

const FIRST = 1000;

class FakeGallery {
  requests = []; // of all kinds
  orders = []; // for places
  read = []; // slots that were asked for
  left = []; // places that were given up
  answers = new Map(); // by slot, in place of what was said
  refusals = []; // of the next orders
  clock = { now: () => 0 };
  beatSeconds = 60;
  onlineNumber = 50;
  behind = 0; // slots, of who begins to read
  ticks = "/gallery/42/key/";
  cursor = "e1.0";
  mail = "0";
  history = [];
  objects = [];
  gap = false;
  down = false;
  holds = false;
  admission = { admitted: true };
  #said = new Map();
  #calls = new Map();
  #places = 0;
  #waiting = [];

  constructor(lane) {
    this.lane = lane;
    this.options = { api: "https://api.example", fetch: (url, options) => this.#fetch(url, options) };
  }

  say(slot, ...objects) {
    this.#said.set(slot, objects);
  }

  call(slot, ...hashes) {
    this.#calls.set(slot, hashes);
  }

  /** Answer the orders that are held back. */
  release() {
    this.holds = false;
    for (const act of this.#waiting.splice(0)) act();
  }

  async #fetch(url, { method = "GET", headers, body }) {
    this.requests.push({ url, method });
    if (this.down) throw new TypeError("Failed to fetch");
    const { pathname, searchParams } = new URL(url);
    if (pathname.endsWith("/admission")) return answered({ status: 200, told: this.admission });
    if (pathname.endsWith("/place/leave")) {
      this.left.push(searchParams.get("place"));
      return answered({ status: 204, told: null });
    }
    if (pathname.endsWith("/place")) return this.#place(headers, JSON.parse(body));
    const slot = Number(pathname.split("/").at(-1));
    this.read.push(slot);
    return answered(this.answers.get(slot) ?? { status: 200, told: this.#slot(slot) });
  }

  #slot(slot) {
    const calls = this.#calls.get(slot);
    return { next: slot + 1, ...(calls && { for: calls }), objects: this.#said.get(slot) ?? [] };
  }

  async #place(headers, order) {
    this.orders.push({ headers, body: order });
    const refusal = this.refusals.shift();
    if (refusal) return answered(refusal);
    if (this.lane === "seat") return answered({ status: 200, told: { lane: "seat", userId: "alice" } });
    const place = order.place ?? `g${(this.#places += 1)}`;
    if (this.holds) await new Promise((resolve) => this.#waiting.push(resolve));
    const { cursor, gap, onlineNumber, beatSeconds, ticks, mail, objects, history } = this;
    const now = FIRST * 1000 + this.clock.now();
    const told = { lane: "gallery", activityId: 42, userId: "alice", place, onlineNumber, zanNumber: 0, cursor, gap };
    Object.assign(told, { beatSeconds, ticks, next: Math.floor(now / 1000) - this.behind, now, hash: "h1", mail, objects });
    const isWhole = !order.place || order.since;
    return answered({ status: 200, told: { ...told, ...(isWhole && { properties: {}, history }) } });
  }
}

function answered({ status, told }) {
  if (status === 0) throw new TypeError("Failed to fetch");
  return { status, json: async () => JSON.parse(JSON.stringify(told)) };
}

export function fakeGallery({ lane = "gallery" } = {}) {
  return new FakeGallery(lane);
}

/** A viewer and the gallery that it reads in. `random` is 0.5: it asks 150 ms after the end of a slot. */
export async function reading(options = {}, room = {}) {
  const gallery = Object.assign(fakeGallery(), room);
  const it = viewer({ ...gallery.options, ...options });
  gallery.clock = it.clock;
  it.room.connect();
  await settled();
  return { it, gallery };
}

// A seat whose heartbeats nobody has to answer.
export const SEAT = { heartbeatSeconds: 1e6 };

export const states = (it) => it.of("state").map(({ name, lane }) => (lane ? `${name} ${lane}` : name));
