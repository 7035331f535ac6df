/** What was done in the room, and by whom: read every few seconds, so that each moderator sees the others' acts. */

import { bdi, drawn, element, fields, isCount, name } from "../shared/foreign.js";
import { button } from "./form_fields.js";
import { rowsOf } from "./rows.js";
import { day, deed, words } from "./wording.js";

const PAGE = 50;
const EVERY_MS = 3000;

export class Audit {
  element = element("div", "stack");
  /** Called with each act that was done since this page was opened, the oldest first. */
  onact = () => {};
  #api;
  #path;
  #list = element("ol", "rows");
  #older = button("olderActs", () => this.#readOlder());
  #before = null;
  #newest = null;

  constructor(api, activityId) {
    [this.#api, this.#path] = [api, `/activities/${activityId}/audit`];
    this.#older.hidden = true;
    this.element.append(this.#list, this.#older);
  }

  /** Go on reading, also while the panel is closed. */
  follow() {
    const read = async () => {
      // The panel says it, when it is open.
      if (!document.hidden) await this.refresh().catch(() => {});
      setTimeout(read, EVERY_MS);
    };
    read();
  }

  async refresh() {
    const { acts, before } = await this.#api.get(this.#path, { limit: PAGE });
    const isFirst = this.#newest === null;
    const fresh = acts.filter(({ seq }) => isFirst || seq > this.#newest).reverse();
    this.#newest = Math.max(this.#newest ?? -1, ...acts.map(({ seq }) => seq));
    if (isFirst) this.#before = before;
    this.#older.hidden = this.#before === null;
    this.#list.prepend(...rowsOf(fresh, row).reverse());
    if (!isFirst) for (const act of fresh) drawn("act", () => this.onact(act));
    this.#empty();
  }

  async #readOlder() {
    this.#older.disabled = true;
    try {
      const { acts, before } = await this.#api.get(this.#path, { limit: PAGE, before: this.#before });
      this.#before = before;
      this.#list.append(...rowsOf(acts, row));
      this.#older.hidden = before === null;
    } finally {
      this.#older.disabled = false;
    }
  }

  #empty() {
    this.#list.querySelector(".quiet.none")?.remove();
    if (this.#list.childElementCount === 0) this.#list.append(element("li", "quiet none", words.say("noActs")));
  }
}

/** "Maud muted Bob for 10 min", in parts. `of`: of what was removed. */
export function told(act, of) {
  const { byName, by } = fields(act);
  return words.parts("somebodyDid", { name: bdi(name(byName, by), "name"), said: deed(act, of) });
}

function row(act) {
  const made = element("li", "entry-row act");
  const line = element("p", "text");
  line.append(...told(act));
  made.append(line);
  if (isCount(act.time)) made.append(element("time", "quiet", day(act.time)));
  return made;
}
