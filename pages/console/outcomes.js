/** What became of what was done: a line for each deed, with a way to undo it or to try it again. */

import { element } from "../shared/foreign.js";
import { newKey } from "./api.js";
import { failure, words } from "./wording.js";

const LINES = 4;
const SHOWN_MS = 12_000; // an undo is there for longer, under its key
const UNDOABLE = 50;

export class Outcomes {
  #place;
  #undoable = [];
  /** Called after each deed that was done. */
  ondone = () => {};

  constructor(place) {
    this.#place = place;
  }

  /** Do a deed, and say what became of it. Returns whether it was done. */
  async perform(deed) {
    try {
      await this.attempt(deed);
      return true;
    } catch {
      return false; // it is said, with a button to try again
    }
  }

  /** As `perform`; rethrows what failed. `isTold`: a failure is not said here, since the caller says it. */
  async attempt(deed, { key = newKey(), isTold = false } = {}) {
    try {
      await deed.run(key);
    } catch (error) {
      if (!isTold) this.#failed(deed, key, error);
      throw error;
    }
    if (deed.undo) this.#undoable = [...this.#undoable, deed].slice(-UNDOABLE);
    this.#done(deed);
    this.ondone();
  }

  /** Undo the last deed that can be undone, or this one. */
  async undo(deed = this.#undoable.at(-1)) {
    if (!this.#undoable.includes(deed)) {
      this.say(words.say("nothingToUndo"));
      return;
    }
    this.#undoable = this.#undoable.filter((one) => one !== deed);
    const undoing = { ...deed.undo, said: words.say("undone", { said: deed.said }), isUndo: true, undo: undefined };
    if (!(await this.perform(undoing))) this.#undoable.push(deed);
  }

  /** A line that is no deed's. */
  say(text, kind = "") {
    const line = this.#line(text, kind);
    setTimeout(() => line.remove(), SHOWN_MS);
  }

  /** A line of something that failed, and stays until it is dismissed. */
  complain(error) {
    const line = this.#line(failure(error), "failed");
    line.append(this.#button("dismiss", () => line.remove()));
  }

  #done(deed) {
    const line = this.#line(deed.isUndo ? deed.said : words.say("youDid", { said: deed.said }), "done");
    if (deed.undo) {
      line.append(this.#button("undo", () => {
        line.remove();
        this.undo(deed);
      }));
    }
    setTimeout(() => line.remove(), SHOWN_MS);
  }

  #failed(deed, key, error) {
    const line = this.#line(words.say("colonOf", { said: deed.said, why: failure(error) }), "failed");
    if (error.mayBeTriedAgain) {
      line.append(this.#button("again", () => {
        line.remove();
        this.attempt(deed, { key }).catch(() => {}); // it is said
      }));
    }
    line.append(this.#button("dismiss", () => line.remove()));
  }

  #line(text, kind) {
    const line = element("p", `outcome ${kind}`);
    line.append(element("span", "said", text));
    this.#place.append(line);
    while (this.#place.childElementCount > LINES) this.#place.firstElementChild.remove();
    return line;
  }

  #button(key, act) {
    const button = element("button", "", words.say(key));
    button.type = "button";
    button.onclick = act;
    return button;
  }
}
