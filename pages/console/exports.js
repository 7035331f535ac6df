/** What a room leaves, as files: messages, watch time, the report, the audit. */

import { element } from "../shared/foreign.js";
import { pages } from "./api.js";
import { csv } from "./csv.js";
import { button, heading } from "./form_fields.js";
import { failure, words } from "./wording.js";

const MESSAGES = [
  "seq", "time", "messageType", "userId", "fromusername", "textMessage", "name", "data", "removed", "attributes",
  "extra",
];
const ACTS = ["seq", "time", "what", "by", "byName", "to", "data"];
const MINUTES = ["time", "onlineNumber", "joins", "leaves", "chats", "likes"];

export class Exports {
  element = element("section", "stack");
  #api;
  #room;
  #activityId;
  #report;
  #told = element("p", "quiet");

  /** `report()`: the report that is shown; undefined if there is none. `caps`: what the token may. */
  constructor(api, activityId, { report, caps }) {
    [this.#api, this.#room, this.#activityId, this.#report] = [api, `/activities/${activityId}`, activityId, report];
    this.#told.setAttribute("role", "status");
    const kinds = [["exportMessages", "messages", () => this.#messages(), MESSAGES]];
    kinds.push(["exportWatch", "watch-time", () => this.#watchTime(), ["userId", "seconds"]]);
    kinds.push(["exportReport", "report", () => this.#minutes(), MINUTES]);
    if (caps.includes("moderate")) kinds.push(["exportAudit", "audit", () => this.#audit(), ACTS]);
    const place = element("div", "choices");
    for (const [key, name, read, columns] of kinds) {
      for (const format of ["csv", "json"]) {
        const one = button(key, () => this.#save(one, `room-${this.#activityId}-${name}.${format}`, read, columns));
        one.append(` ${format.toUpperCase()}`);
        one.dataset.file = `${name}.${format}`;
        place.append(one);
      }
    }
    this.element.append(heading("exports"), place, this.#told);
  }

  async #save(pressed, file, read, columns) {
    pressed.disabled = true;
    try {
      const { rows, whole } = await read();
      const isCsv = file.endsWith(".csv");
      const content = isCsv ? csv(columns, rows) : JSON.stringify(whole ?? rows, null, 1);
      download(file, content, isCsv ? "text/csv" : "application/json");
      this.#told.textContent = words.say("exported", { file, count: rows.length });
    } catch (error) {
      this.#told.textContent = failure(error);
    } finally {
      pressed.disabled = false;
    }
  }

  async #messages() {
    return this.#all("messages", (page) => page.messages);
  }

  async #audit() {
    return this.#all("audit", (page) => page.acts);
  }

  async #all(path, items) {
    const rows = [];
    const how = { items, next: (page) => page.before, as: "before" };
    for await (const page of pages(this.#api, `${this.#room}/${path}`, { limit: 200 }, how)) {
      rows.push(...page);
      this.#told.textContent = words.say("exporting", { count: rows.length });
    }
    return { rows: rows.reverse() };
  }

  async #watchTime() {
    const whole = await this.#api.get(`${this.#room}/watch-time`, { limit: 200 });
    return { rows: whole.users, whole };
  }

  async #minutes() {
    const whole = this.#report() ?? (await this.#api.get(`${this.#room}/report`));
    return { rows: whole.minutes, whole };
  }
}

function download(file, content, type) {
  const address = URL.createObjectURL(new Blob([content], { type: `${type};charset=utf-8` }));
  const link = Object.assign(element("a", ""), { href: address, download: file });
  document.body.append(link);
  link.click();
  link.remove();
  URL.revokeObjectURL(address);
}
