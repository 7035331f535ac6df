/** What a screen reader is told of a busy chat: how many messages came, in place of each of them. */

import { words } from "./wording.js";

const BUSY = 8; // messages within a time: more cannot be read out
const WINDOW_MS = 8000;

export class Announcer {
  #log;
  #summary;
  #came = 0;
  #timer;

  /** `log` is read out by itself while it is calm; `summary` is a polite status. */
  constructor(log, summary) {
    this.#log = log;
    this.#summary = summary;
  }

  /** A message is about to be shown. */
  came() {
    this.#came += 1;
    if (this.#came > BUSY && this.#log.ariaLive !== "off") this.#log.ariaLive = "off";
    this.#timer ??= setTimeout(() => this.#end(), WINDOW_MS);
  }

  #end() {
    const busy = this.#came > BUSY;
    this.#summary.textContent = busy ? words.say("announced", { count: this.#came }) : "";
    this.#log.ariaLive = busy ? "off" : "polite";
    this.#came = 0;
    this.#timer = busy ? setTimeout(() => this.#end(), WINDOW_MS) : undefined;
  }
}
