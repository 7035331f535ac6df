/** Under which name each user was seen last: a private chat says for whom it is by the userId alone. */

import { name } from "../shared/foreign.js";

const MOST = 1000;

export class Names {
  #known = new Map();

  learn(userId, username) {
    if (typeof userId !== "string" || typeof username !== "string") return;
    this.#known.delete(userId); // so that the longest unseen goes first
    this.#known.set(userId, username);
    if (this.#known.size > MOST) this.#known.delete(this.#known.keys().next().value);
  }

  /** The name of a user, as it can be shown; the userId if no name is known. */
  of(userId) {
    return name(this.#known.get(userId), userId);
  }
}
