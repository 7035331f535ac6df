/**
 * Messages that fly over the stream from right to left, each in a lane.
 *
 * All have the same speed, and their places follow from one clock, the document's timeline: a lane is free once the
 * whole of its last message and a gap have entered the stage. So no message meets another, however late a frame is. A
 * tick of the room brings many at once. They are let go one after another, over the time that a tick takes. The fewer
 * lanes are free, the longer the next message waits and the less its lane is foreseen: else all lanes would be taken at
 * one moment and be free at another, and messages would cross as columns.
 */

import { oneLine, prose } from "../shared/foreign.js";

const LANE = 40; // pixels, of the usual size
const TOP = 56; // below the figures
const GAP = 48; // pixels between two messages of a lane
const CROSSING_SECONDS = 8; // of the width, within what can be read
const SLOWEST = 70; // pixels a second
const FASTEST = 170;
const LONGEST_TICK_MS = 1000;
const PATIENCE_MS = 1200; // a message that finds no place for so long is left out: the chat shows it anyway
const OWN_PATIENCE_MS = 8000; // one's own is looked for
const CALM = matchMedia("(prefers-reduced-motion: reduce)"); // once: each new query has the styles computed
const AREAS = new Map([["quarter", 0.25], ["half", 0.5], ["all", 1]]);

export class Danmaku {
  #layer;
  #settings;
  #size = { width: 0, height: 0 }; // of the layer: to ask it in each frame would have the styles computed
  #waiting = [];
  #fresh = [];
  #lanes = []; // when each lane is free for the next message, on the timeline
  #laneMs = 0; // how long a message takes its lane, on average
  #next = 0; // when the next message may go
  #tick = 0; // when the last tick came
  #running = false;

  /** `settings`: { on, opacity, size, speed, area } as they are at each moment. */
  constructor(layer, settings) {
    this.#layer = layer;
    this.#settings = settings;
    new ResizeObserver(([{ contentRect }]) => {
      const isWider = contentRect.width !== this.#size.width;
      this.#size = contentRect;
      if (isWider) this.#land(); // the speed follows from the width
    }).observe(layer);
  }

  /** Let `message` cross the stage, if there is place. */
  fly(message, { seq, mine }) {
    const line = oneLine(message);
    if (!line || !this.#settings.on || isStill()) return;
    if (this.#fresh.length === 0) queueMicrotask(() => this.#spread()); // when all of the tick have come
    this.#fresh.push({ line, seq, mine });
  }

  remove(seq) {
    for (const kept of [this.#fresh, this.#waiting]) kept.splice(0, kept.length, ...kept.filter((one) => one.seq !== seq));
    for (const flight of [...this.#layer.children]) if (flight.seq === seq) flight.remove();
  }

  clear() {
    this.#land();
    this.#waiting = [];
  }

  /** Take away those that fly; who waits may still go. */
  #land() {
    this.#layer.replaceChildren();
    this.#lanes = [];
  }

  #spread() {
    const now = time();
    const tick = Math.min(now - this.#tick, LONGEST_TICK_MS);
    this.#tick = now;
    const fresh = this.#fresh.splice(0);
    fresh.forEach((one, at) => this.#waiting.push({ ...one, due: now + (at / fresh.length) * tick }));
    this.#soon();
  }

  #soon() {
    if (this.#running || this.#waiting.length === 0) return;
    this.#running = true;
    requestAnimationFrame(() => {
      this.#running = false;
      this.#launch();
      this.#soon();
    });
  }

  /** Let go what is due, and forget what was due too long ago. */
  #launch() {
    const now = time();
    const lanes = this.#laneCount();
    const free = Array.from({ length: lanes }, (_, lane) => lane).filter((lane) => !(this.#lanes[lane] > now));
    const going = [];
    this.#waiting.sort((one, other) => Number(other.mine) - Number(one.mine)); // one's own first, the rest in order
    this.#waiting = this.#waiting.filter((one) => {
      if (one.due > now) return true;
      if (free.length === 0 || (this.#next > now && !one.mine)) {
        return now - one.due < (one.mine ? OWN_PATIENCE_MS : PATIENCE_MS);
      }
      const taken = 1 - free.length / lanes;
      const [lane] = free.splice(Math.floor(Math.random() * taken * free.length), 1);
      this.#next = now + (this.#laneMs / lanes) * taken;
      going.push({ ...one, lane });
      return false;
    });
    for (const one of going) one.flight = this.#place(one);
    for (const one of going) one.length = one.flight.offsetWidth; // all at once: each would be a layout
    for (const one of going) this.#start(one, now);
  }

  #place({ line, seq, mine, lane }) {
    const flight = prose("span", mine ? "flight mine" : "flight", line);
    flight.seq = seq;
    flight.style.top = `${TOP + lane * this.#laneHeight()}px`;
    this.#layer.append(flight);
    return flight;
  }

  #start({ flight, length, lane }, now) {
    const { width } = this.#size;
    const pace = 1000 / this.#speed(); // ms a pixel
    const ms = (length + GAP * (1 + Math.random())) * pace;
    this.#lanes[lane] = now + ms;
    this.#laneMs += (ms - this.#laneMs) / 8;
    const path = [{ transform: `translateX(${width}px)` }, { transform: `translateX(${-length}px)` }];
    const animation = flight.animate(path, { duration: (width + length) * pace, fill: "backwards" });
    animation.startTime = now; // and not when the next frame is drawn, whenever that is
    animation.onfinish = () => flight.remove();
  }

  #speed() {
    const usual = this.#size.width / CROSSING_SECONDS;
    return Math.min(FASTEST, Math.max(SLOWEST, usual)) * this.#settings.speed;
  }

  #laneHeight() {
    return LANE * this.#settings.size;
  }

  #laneCount() {
    const { width, height } = this.#size;
    if (width === 0) return 0;
    const share = AREAS.get(this.#settings.area) ?? 1;
    return Math.max(1, Math.floor((height * share - TOP) / this.#laneHeight()));
  }
}

/** The moment that this frame shows, on the clock that the animations follow. */
function time() {
  return document.timeline.currentTime ?? 0;
}

/** Whether nothing may or need move. */
export function isStill() {
  return document.hidden || CALM.matches;
}
