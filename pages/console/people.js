/** Who is in the room, with attributes and what holds against them. */

import { badges } from "../shared/badges.js";
import { bdi, element, isolated, name, text } from "../shared/foreign.js";
import { button } from "./form_fields.js";
import { fill, rowsOf } from "./rows.js";
import { day, words } from "./wording.js";

const PAGE = 100;
const PAGES = 20;

export class People {
  element = element("div", "stack");
  #api;
  #room;
  #sanctions;
  #onchosen;
  #list = element("ul", "rows");
  #more = button("morePeople", () => this.#showMore());
  #pages = 1;

  /** `sanctions`: those of the room, null for who may not see them. `onchosen` is called with `{ id, name }`. */
  constructor(api, activityId, sanctions, onchosen) {
    [this.#api, this.#room, this.#sanctions, this.#onchosen] = [api, `/activities/${activityId}`, sanctions, onchosen];
    this.#more.hidden = true;
    this.element.append(this.#list, this.#more);
  }

  async refresh() {
    const [users, isMore] = await this.#read();
    await this.#sanctions?.read();
    const focused = this.#list.contains(document.activeElement) ? document.activeElement.dataset.id : undefined;
    fill(this.#list, rowsOf(users, (user) => this.#row(user)), words.say("nobodyHere"));
    this.#more.hidden = !isMore;
    // The list is made anew every few seconds, under the reader's hand.
    if (focused) [...this.#list.querySelectorAll("button")].find((one) => one.dataset.id === focused)?.focus();
  }

  async #read() {
    const users = new Map();
    let cursor = null;
    for (let page = 0; page < this.#pages; page += 1) {
      const found = await this.#api.get(`${this.#room}/users`, { limit: PAGE, cursor });
      for (const user of found.users) users.set(user?.userId, user);
      cursor = found.cursor;
      if (cursor === null) break;
    }
    return [[...users.values()], cursor !== null];
  }

  #row({ userId, username, attributes }) {
    const row = element("li", "entry-row");
    const shown = name(username, userId);
    const one = element("button", "person");
    one.type = "button";
    one.dataset.id = text(userId);
    one.append(bdi(shown), ...badges(attributes));
    one.title = words.say("more", { name: isolated(shown) });
    one.disabled = typeof userId !== "string" || userId === "";
    one.onclick = () => this.#onchosen({ id: userId, name: shown });
    row.append(one);
    for (const [action, until, long] of [["muted", "isMuted", "isMutedLong"], ["banned", "isBanned", "isBannedLong"]]) {
      const held = this.#sanctions?.of(action, userId);
      const time = day(held?.until);
      if (held) row.append(element("span", "tag", time ? words.say(until, { time }) : words.say(long)));
    }
    return row;
  }

  #showMore() {
    this.#pages = Math.min(PAGES, this.#pages + 1);
    this.refresh().catch(() => {}); // the next reading says so
  }
}
