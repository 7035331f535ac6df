/** The entry: which room, and under which name. The address keeps both, and what else it has. */

import { forgetToken } from "../shared/token.js";
import { words } from "./wording.js";

const LONGEST_NAME = 32;

export class Entry {
  #form;
  #token;
  #enter;

  /** `enter(number, name)` gets what was filled in, once it is in order. */
  constructor(form, { token, enter }) {
    this.#form = form;
    this.#token = token;
    this.#enter = enter;
    const asked = new URLSearchParams(location.search);
    this.#one("room-number").value = asked.get("room") ?? "";
    this.#one("name").value = asked.get("name") ?? "";
    for (const part of form.querySelectorAll("#name, [for=name]")) part.hidden = Boolean(token);
    this.#one("with-link").hidden = !token;
    this.#one("forget").onclick = forget;
    form.onsubmit = (event) => {
      event.preventDefault();
      this.submit();
    };
  }

  /** Whether all is known already, from the address. */
  get isComplete() {
    return this.#number !== "" && (Boolean(this.#token) || this.#name !== "");
  }

  submit() {
    const problem = this.#problem();
    this.#one("join-error").textContent = problem;
    if (!problem) this.#enter(this.#number, this.#name);
  }

  /** Ask for what is missing first, or for `field`. */
  focus(field = this.#number === "" || this.#token ? "room-number" : "name") {
    this.#one(field).focus();
  }

  get #number() {
    return this.#one("room-number").value.trim();
  }

  get #name() {
    return this.#token ? "" : this.#one("name").value.normalize("NFC").trim();
  }

  /** By the room's own rules, so that nobody has to wait for its answer. */
  #problem() {
    const number = this.#number;
    if (!/^[1-9]\d*$/.test(number) || !Number.isSafeInteger(Number(number))) return words.say("numberProblem");
    if (this.#token) return ""; // the token has the name
    if (this.#name === "") return words.say("nameMissing");
    return [...this.#name].length > LONGEST_NAME || /\p{Cc}/u.test(this.#name) ? words.say("nameProblem") : "";
  }

  #one(id) {
    return this.#form.querySelector(`#${id}`);
  }
}

/** Put room and name into the address, without a load. */
export function remember(room, name) {
  history.replaceState(null, "", address(room, name));
}

/** Enter by the link in `pasted`. Returns what is wrong with it, if it is none. */
export function follow(pasted) {
  let link;
  try {
    link = new URL(pasted, location.href);
  } catch {
    return words.say("doorNoLink");
  }
  const token = new URLSearchParams(link.hash.slice(1)).get("token");
  const room = link.searchParams.get("room");
  if (!token || !room) return words.say("doorNoLink");
  // On this site, whatever the link's host is: a page does not send its viewers elsewhere.
  history.replaceState(null, "", `${address(room, "")}#${new URLSearchParams({ token })}`);
  location.reload();
}

/** Enter without the tab's token. */
export function forget() {
  forgetToken();
  history.replaceState(null, "", location.pathname + location.search);
  location.reload();
}

/** The path and query of a room: other parameters, such as the language, stay. */
function address(room, name) {
  const query = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries({ room, name })) {
    if (value) query.set(key, value);
    else query.delete(key);
  }
  return `${location.pathname}?${query}`;
}
