/** The viewer's own chats that are on their way: grey until they come back, or with the reason why they do not. */

import { element, prose } from "../shared/foreign.js";
import { countdown } from "./countdown.js";
import { tag } from "./chat_entry.js";
import { isPositive, span, why, words } from "./wording.js";

const SHOWN_MS = 10_000; // a chat that was taken is shown by then, or the room had no place for it
const KEPT = 300; // ids, of the last chats of one's own
// Such a chat is refused however often it is sent.
const FINAL = new Set(["too_long", "bad_field", "bad_type", "bad_json", "rejected", "denied", "not_allowed"]);

/**
 * @typedef {{ message: string, to?: string, shown?: string, extra?: object }} Draft
 *   to, shown: the userId and name of whom alone it is for
 */
export class Outbox {
  #list;
  #say;
  #taken;
  #edit;
  #rows = new Set();
  #shown = new Set(); // ids of own chats that the chat shows already

  /**
   * `say(draft)` promises { seq, id }. `taken(draft, seq)` is called with a chat that the room has taken and does not
   * show; `edit(draft)` with one that the viewer wants to write again. `onrefused(error)` is told of each refusal.
   */
  constructor(list, { say, taken, edit }) {
    this.#list = list;
    this.#say = say;
    this.#taken = taken;
    this.#edit = edit;
  }

  onrefused = (_error) => {};

  /** Send a chat. */
  send(draft) {
    const row = { draft, item: element("li", "chat mine pending"), stop: () => {} };
    this.#rows.add(row);
    this.#list.append(row.item);
    this.#try(row);
  }

  /** A chat of the viewer's own has come. Returns whether it is new to the chat. */
  came({ id }) {
    if (id === undefined) return true;
    for (const row of [...this.#rows]) if (row.id === id) this.#drop(row);
    return this.#show(id);
  }

  #show(id) {
    const isNew = !this.#shown.has(id);
    this.#shown.add(id);
    if (this.#shown.size > KEPT) this.#shown.delete(this.#shown.values().next().value);
    return isNew;
  }

  clear() {
    for (const row of [...this.#rows]) this.#drop(row);
  }

  #drop(row) {
    row.stop();
    this.#rows.delete(row);
    row.item.remove();
  }

  async #try(row) {
    row.stop();
    this.#draw(row, [element("p", "why", words.say("sending"))]);
    row.item.classList.remove("unsent");
    try {
      this.#took(row, await this.#say(row.draft));
    } catch (error) {
      if (this.#rows.has(row)) this.#refused(row, error);
    }
  }

  /** The room took the chat: its `seq` and `id` are known now. It may have come before this reply. */
  #took(row, { seq, id }) {
    if (!this.#rows.has(row)) return;
    row.id = id;
    if (this.#shown.has(id)) return this.#drop(row);
    const timer = setTimeout(() => {
      this.#drop(row);
      this.#show(id);
      this.#taken(row.draft, seq);
    }, SHOWN_MS);
    row.stop = () => clearTimeout(timer);
  }

  #refused(row, error) {
    row.item.classList.add("unsent");
    const again = this.#button("again", () => this.#try(row));
    const edit = this.#button("edit", () => {
      this.#drop(row);
      this.#edit(row.draft);
    });
    const discard = this.#button("discard", () => this.#drop(row));
    const line = prose("p", "why", words.say("notSent", { why: why(error) }));
    line.role = "alert";
    const buttons = element("p", "choices");
    buttons.append(...(FINAL.has(error.code) ? [] : [again]), edit, discard);
    this.#draw(row, [line, buttons]);
    if (isPositive(error.retryAfter)) row.stop = countdown(error.retryAfter, (left) => wait(again, left));
    this.onrefused(error);
  }

  #draw({ item, draft }, below) {
    const body = element("div", "body");
    if (draft.to) {
      const head = element("p", "head");
      head.append(tag(draft.shown));
      body.append(head);
    }
    body.append(prose("p", "text", draft.message), ...below);
    item.replaceChildren(body);
  }

  #button(key, act) {
    const made = element("button", "", words.say(key));
    return Object.assign(made, { type: "button", onclick: act });
  }
}

function wait(button, left) {
  button.disabled = left > 0;
  button.textContent = left > 0 ? words.say("againIn", { time: span(left) }) : words.say("again");
}
