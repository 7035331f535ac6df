/** Messages and hearts that fly over the stream. Messages fly from right to left, each in a lane. */

import { oneLine, prose } from "../shared/foreign.js";

const LANE = 40; // pixels
const TOP = 56; // below the figures
const GAP = 48; // pixels between two messages of a lane
const CROSSING_MS = 8000;
const LANES = 8;
const HEARTS = 24;

export class Stage {
  #layer;
  #lanes = []; // when each lane has room for the next message
  #hearts = 0;
  flying = true;

  constructor(layer) {
    this.#layer = layer;
  }

  /** Let `message` cross the stage if a lane is free; the chat shows it anyway. */
  fly(message, { seq, mine }) {
    const line = oneLine(message);
    if (!line || !this.flying || still()) return;
    const now = performance.now();
    const lane = this.#freeLane(now);
    if (lane < 0) return;
    const width = this.#layer.clientWidth;
    const flight = this.#place(prose("span", "", line), mine ? "flight mine" : "flight");
    flight.seq = seq;
    flight.style.top = `${TOP + lane * LANE}px`;
    // All have the same speed, else a long message would overtake a short one.
    const length = flight.offsetWidth;
    const pace = CROSSING_MS / width;
    this.#lanes[lane] = now + (length + GAP) * pace;
    const path = [{ transform: `translateX(${width}px)` }, { transform: `translateX(${-length}px)` }];
    flight.animate(path, (width + length) * pace).onfinish = () => flight.remove();
  }

  remove(seq) {
    for (const flight of [...this.#layer.children]) if (flight.seq === seq) flight.remove();
  }

  /** Let up to five hearts rise. */
  hearts(count) {
    if (still()) return;
    for (let left = Math.min(count, 5); left > 0 && this.#hearts < HEARTS; left -= 1) this.#heart();
  }

  clear() {
    this.#layer.replaceChildren();
    this.#lanes = [];
    this.#hearts = 0;
  }

  #heart() {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", "#heart");
    svg.append(use);
    this.#place(svg, "rising heart");
    const aside = (Math.random() - 0.5) * 90;
    const path = [
      { transform: "translate(0, 0) scale(0.4)", opacity: 0 },
      { transform: `translate(${aside / 3}px, -50px) scale(1)`, opacity: 1, offset: 0.2 },
      { transform: `translate(${aside}px, -230px) scale(1.1)`, opacity: 0 },
    ];
    this.#hearts += 1;
    const options = { duration: 1800 + Math.random() * 900, delay: Math.random() * 300, fill: "backwards" };
    svg.animate(path, options).onfinish = () => {
      svg.remove();
      this.#hearts = Math.max(0, this.#hearts - 1);
    };
  }

  #place(node, className) {
    node.setAttribute("class", className);
    this.#layer.append(node);
    return node;
  }

  #freeLane(now) {
    const { clientWidth, clientHeight } = this.#layer;
    const lanes = clientWidth > 0 ? Math.min(LANES, Math.floor((clientHeight - TOP) / LANE)) : 0;
    for (let lane = 0; lane < lanes; lane += 1) if (!(this.#lanes[lane] > now)) return lane;
    return -1;
  }
}

function still() {
  return document.hidden || matchMedia("(prefers-reduced-motion: reduce)").matches;
}
