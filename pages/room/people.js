/** Who is here: asked for while the list is open. A name chooses whom to write to alone. */

import { badges } from "../shared/badges.js";
import { bdi, drawn, element, fields, isCount, isolated, name } from "../shared/foreign.js";
import { words } from "./wording.js";

const WHO_MS = 5000; // between two requests
const PEOPLE = 200; // in the list, at most

export class People {
  #details;
  #list;
  #rest;
  #ask;
  #choose;
  #timer;
  #asked = -Infinity;
  me = ""; // the viewer's own userId

  /** `ask(limit)` promises a page of who is here; `choose({ id, shown })` gets whom the viewer wants to write to. */
  constructor({ details, list, rest }, { ask, choose }) {
    this.#details = details;
    this.#list = list;
    this.#rest = rest;
    this.#ask = ask;
    this.#choose = choose;
    details.ontoggle = () => {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#asked = -Infinity;
      this.changed();
    };
  }

  /** Somebody came or went. While the list is open it is asked for again, WHO_MS after the last time at the earliest. */
  changed() {
    if (!this.#details.open || this.#timer !== undefined) return;
    const ask = () => {
      this.#timer = undefined;
      this.#asked = performance.now();
      this.#ask(PEOPLE).then((page) => drawn("who", () => this.#show(page)), () => {}); // the next change asks again
    };
    this.#timer = setTimeout(ask, Math.max(0, this.#asked + WHO_MS - performance.now()));
  }

  clear() {
    this.#asked = -Infinity;
    this.#details.open = false;
    this.#list.replaceChildren();
    this.#rest.textContent = "";
  }

  #show({ users, onlineNumber }) {
    this.#list.replaceChildren(...users.slice(0, PEOPLE).map((user) => this.#person(fields(user))));
    const rest = (isCount(onlineNumber) ? onlineNumber : 0) - users.length;
    this.#rest.textContent = rest > 0 ? words.say("peopleMore", { count: rest }) : "";
  }

  #person({ userId: id, username, attributes }) {
    const item = document.createElement("li");
    const button = element("button", "");
    const shown = name(username, id);
    button.type = "button";
    button.append(bdi(shown), ...badges(attributes));
    button.title = words.say("writeTo", { name: isolated(shown) });
    button.disabled = id === this.me || typeof id !== "string" || id === "";
    button.onclick = () => this.#choose({ id, shown });
    item.append(button);
    return item;
  }
}
