/**
 * The chat as a moderator reads it: it stands still while somebody looks.
 *
 * New rows wait while the pointer is over the list, while a row is chosen by key, or while the reader is further up.
 * They come in when the list is let go.
 */

import { drawn, isCount } from "../shared/foreign.js";
import { filter } from "./chat_filter.js";
import { chatRow, lineRow, markRemoved, noticeRow } from "./chat_row.js";
import { words } from "./wording.js";

const LONGEST = 1000;
const AT_END = 40; // pixels

export class ChatList {
  #list;
  #log;
  #held;
  #waiting = [];
  #drawing = false;
  #isOver = false;
  #isAtEnd = true;
  #isWanted = () => true;
  #isFiltered = false;
  #seqs = new Set();
  #removed = new Set(); // seqs whose removal came before their row was drawn
  /** Called with the number of rows that the filter shows; null without a filter. */
  onfiltered = () => {};

  /** `list` in the scrolling `log`; the button `held` says how many rows wait. */
  constructor(list, log, held) {
    [this.#list, this.#log, this.#held] = [list, log, held];
    // A finger that scrolled is over the list for good: on touch only the place in the list holds it.
    log.onpointerenter = ({ pointerType }) => (this.#isOver = pointerType === "mouse");
    log.onpointerleave = () => this.#release({ isOver: false });
    log.onscroll = () => this.#scrolled();
    log.addEventListener("focusout", () => setTimeout(() => this.#release({}), 0));
    held.onclick = () => this.toEnd();
  }

  chat(object) {
    this.#add("chat", object.seq, () => chatRow(object));
  }

  notice(object) {
    this.#add("notice", object.seq, () => noticeRow(object));
  }

  line(parts, kind) {
    this.#add("line", undefined, () => lineRow(parts, kind));
  }

  /** Older messages, newest first, above all others. */
  prepend(messages) {
    for (const object of messages) {
      if (this.#seqs.has(object.seq)) continue;
      const row = drawn("chat", () => (object.messageType === 10 ? noticeRow(object) : chatRow(object)));
      if (!row) continue;
      this.#seqs.add(object.seq);
      this.#prepare(row);
      this.#list.prepend(row);
    }
    this.#count();
  }

  /** Mark a message as removed. `userId`: all of this user is. */
  remove(seq, userId) {
    this.#removed.add(seq);
    for (const row of this.#list.children) {
      if (row.seq === seq || (userId !== undefined && row.user?.id === userId)) markRemoved(row);
    }
    for (const one of this.#waiting) if (one.seq === seq) one.isRemoved = true;
  }

  /** The row of a message; undefined if it is not here, or waits. */
  find(seq) {
    return [...this.#list.children].find((row) => row.seq === seq);
  }

  /** The oldest seq that is here; undefined if there is none. */
  get oldest() {
    return this.#seqs.size ? Math.min(...this.#seqs) : undefined;
  }

  setFilter(byUser, byText) {
    this.#isWanted = filter(byUser, byText);
    this.#isFiltered = Boolean(byUser || byText);
    for (const row of this.#list.children) row.hidden = !this.#isWanted(row);
    this.#count();
    if (this.#isAtEnd) this.#scrollToEnd();
  }

  /** The row that is chosen; undefined if none is. */
  get chosen() {
    return this.#list.contains(document.activeElement) ? document.activeElement.closest(".row") : undefined;
  }

  /** Choose the next row (1) or the one before (-1); the newest if none is chosen. */
  move(step) {
    const rows = [...this.#list.children].filter((row) => !row.hidden);
    const at = rows.indexOf(this.chosen);
    const row = at < 0 ? rows.at(-1) : rows[at + step];
    if (row) row.focus();
    else if (step > 0) this.toEnd();
  }

  /** Let go of what is chosen, and show the newest. */
  toEnd() {
    if (this.chosen) document.activeElement.blur();
    this.#isOver = false;
    this.#isAtEnd = true;
    this.#draw();
    this.#scrollToEnd();
  }

  get #isHeld() {
    return this.#isOver || !this.#isAtEnd || Boolean(this.chosen) || Boolean(document.querySelector("dialog[open]"));
  }

  #add(what, seq, build) {
    if (isCount(seq)) {
      if (this.#seqs.has(seq)) return;
      this.#seqs.add(seq);
    }
    this.#waiting.push({ what, seq, build });
    if (this.#waiting.length > LONGEST) this.#waiting.shift();
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      if (!this.#isHeld) this.#draw();
      this.#tell();
    });
  }

  #release({ isOver = this.#isOver }) {
    this.#isOver = isOver;
    if (!this.#isHeld) this.#draw();
    this.#tell();
  }

  #draw() {
    const fresh = this.#waiting.splice(0).map(({ what, build, isRemoved, seq }) => {
      const row = drawn(what, build);
      if (row && (isRemoved || this.#removed.has(seq))) markRemoved(row);
      return row;
    });
    const rows = fresh.filter(Boolean);
    for (const row of rows) this.#prepare(row);
    this.#list.append(...rows);
    while (this.#list.childElementCount > LONGEST) this.#forget(this.#list.firstElementChild);
    if (this.#isAtEnd) this.#scrollToEnd();
    this.#tell();
    this.#count();
  }

  #prepare(row) {
    row.tabIndex = -1;
    row.hidden = !this.#isWanted(row);
  }

  #forget(row) {
    this.#seqs.delete(row.seq);
    this.#removed.delete(row.seq);
    row.remove();
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    this.#isAtEnd = scrollHeight - scrollTop - clientHeight < AT_END;
    if (!this.#isHeld && this.#waiting.length) this.#draw();
  }

  #scrollToEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  #tell() {
    const count = this.#waiting.length;
    this.#held.hidden = count === 0;
    this.#held.textContent = count ? words.say("heldNew", { count }) : "";
  }

  #count() {
    const shown = this.#isFiltered ? [...this.#list.children].filter((row) => !row.hidden).length : null;
    this.onfiltered(shown);
  }
}
