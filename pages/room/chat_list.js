/** The chat: the newest 300 entries. While somebody reads further up it holds still, and counts what waits. */

import { drawn, element } from "../shared/foreign.js";
import { chatEntry, excerpt, noticeEntry, repliedTo } from "./chat_entry.js";
import { words } from "./wording.js";

const LONGEST = 300;
const PER_FRAME = 25; // entries that are drawn in one frame: a tick of a busy room may bring a hundred
const KNOWN = 1000; // chats that a reply may quote
const AT_END = 60; // within so many pixels of the end, the reader follows the chat

export class ChatList {
  #list;
  #log;
  #newer;
  #announcer;
  #waiting = [];
  #missed = 0; // chats and notices that came and are not drawn yet, also those that were dropped from `#waiting`
  #drawing = false;
  #following = true; // the reader is at the end: new entries scroll the log
  #top = 0; // the log's last scroll position
  #known = new Map(); // what a reply shows of a chat, by its seq

  /** `list` inside the scrolling `log`; `newer` is shown while the reader is further up. */
  constructor({ list, log, newer, announcer }) {
    this.#list = list;
    this.#log = log;
    this.#newer = newer;
    this.#announcer = announcer;
    newer.onclick = () => this.toEnd();
    log.onscroll = () => this.#scrolled();
    // What held the list may be over without a scroll: the focus was in it, and has left.
    log.addEventListener("focusout", () => this.#following && this.#soon());
    new ResizeObserver(() => this.#following && this.#scrollToEnd()).observe(log);
  }

  /** A chat object, and what its entry takes beside it. */
  chat(object, beside) {
    const quoted = this.#known.get(repliedTo(object));
    if (object.seq !== undefined) this.#know(object);
    this.#add("chat", object.seq, () => chatEntry(object, { ...beside, quoted }));
  }

  /** A notice from the platform. */
  notice(object) {
    this.#add("notice", object.seq, () => noticeEntry(object));
  }

  /** A line of the page itself, of texts and of elements such as a <bdi>. */
  line(parts, kind = "line") {
    this.#add("line", undefined, () => {
      const item = element("li", kind);
      item.append(...[parts].flat());
      return item;
    });
  }

  remove(seq) {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter((entry) => entry.seq !== seq);
    this.#missed -= before - this.#waiting.length;
    this.#known.delete(seq);
    this.#row(seq)?.remove();
    for (const quote of this.#list.querySelectorAll(`.quote[data-seq="${seq}"]`)) {
      quote.replaceChildren(words.say("replyRemoved"));
      quote.disabled = true;
    }
  }

  /** Show the chat of this seq, if the list still has it. */
  jump(seq) {
    const row = this.#row(seq);
    if (!row) return;
    row.scrollIntoView({ block: "center" });
    this.#log.focus({ preventScroll: true }); // not on the quote: a focus in the list holds it
    this.#following = this.#isAtEnd();
    this.#top = this.#log.scrollTop;
    row.classList.remove("found");
    requestAnimationFrame(() => row.classList.add("found"));
    this.#tell();
  }

  /** Follow the chat again, from its end. */
  toEnd() {
    this.#following = true;
    this.#soon();
    this.#scrollToEnd();
  }

  clear() {
    this.#waiting = [];
    this.#known.clear();
    this.#list.replaceChildren();
    this.#following = true;
    this.#missed = 0;
    this.#tell();
  }

  #row(seq) {
    return [...this.#list.children].find((item) => item.seq === seq);
  }

  #know(object) {
    this.#known.set(object.seq, drawn("quote", () => excerpt(object)));
    if (this.#known.size > KNOWN) this.#known.delete(this.#known.keys().next().value);
  }

  #add(what, seq, build) {
    this.#waiting.push({ what, seq, build });
    if (this.#waiting.length > LONGEST) this.#waiting.shift(); // the list would drop it at once
    if (what !== "line") {
      this.#announcer.came();
      this.#missed += 1;
    }
    if (this.#isHeld()) this.#tell();
    else this.#soon();
  }

  /** Whether somebody reads: rows may neither move nor go. */
  #isHeld() {
    return !this.#following || this.#list.contains(document.activeElement);
  }

  #soon() {
    if (this.#drawing) return; // a hidden page draws when it is seen again
    this.#drawing = true;
    requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#drawing = false;
    if (this.#isHeld()) return this.#tell();
    const fresh = this.#waiting.splice(0, PER_FRAME);
    const rows = fresh.map(({ what, seq, build }) => drawn(what, () => Object.assign(build(), { seq })));
    this.#list.append(...rows.filter(Boolean));
    while (this.#list.childElementCount > LONGEST) this.#list.firstElementChild.remove();
    this.#missed = this.#waiting.filter(({ what }) => what !== "line").length;
    this.#scrollToEnd();
    if (this.#waiting.length > 0) this.#soon();
  }

  #isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    return scrollHeight - scrollTop - clientHeight < AT_END;
  }

  #scrolled() {
    const { scrollTop } = this.#log;
    if (this.#isAtEnd()) {
      if (!this.#following) this.toEnd();
    } else if (scrollTop < this.#top) {
      this.#following = false; // new entries move the end away, but only a reader scrolls up
    }
    this.#top = scrollTop;
    this.#tell();
  }

  #tell() {
    const isHeld = this.#isHeld();
    if (!isHeld && this.#newer.hidden) return; // what is written again is laid out again
    this.#newer.hidden = !isHeld;
    const key = this.#missed > 0 ? "newer" : "newest";
    this.#newer.textContent = words.say(key, { count: this.#missed });
  }

  #scrollToEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#top = this.#log.scrollTop;
    this.#tell();
  }
}
