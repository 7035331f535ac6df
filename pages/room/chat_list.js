/** The chat: the newest 300 entries, drawn at most once a frame. User content is inserted as text only. */

import { bdi, drawn, element, initial, listed, moment, name, prose, text } from "../shared/foreign.js";

const LONGEST = 300;
const AT_END = 60; // within so many pixels of the end, the reader follows the chat

export class ChatList {
  #list;
  #log;
  #newer;
  #waiting = [];
  #drawing = false;
  #following = true; // the reader is at the end: new entries scroll the log
  #top = 0; // the log's last scroll position

  /** `list` inside the scrolling `log`; `newer` is shown while the reader is further up. */
  constructor(list, log, newer) {
    this.#list = list;
    this.#log = log;
    this.#newer = newer;
    newer.onclick = () => this.#toEnd();
    log.onscroll = () => this.#scrolled();
    new ResizeObserver(() => this.#following && this.#toEnd()).observe(log);
  }

  /** A chat object; `mine`: the viewer wrote it. */
  chat(object, mine) {
    this.#add("chat", object.seq, () => chatEntry(object, mine));
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
    this.#waiting = this.#waiting.filter((entry) => entry.seq !== seq);
    for (const item of [...this.#list.children]) if (item.seq === seq) item.remove();
  }

  clear() {
    this.#waiting = [];
    this.#list.replaceChildren();
    this.#following = true;
    this.#newer.hidden = true;
  }

  #add(what, seq, build) {
    this.#waiting.push({ what, seq, build });
    if (this.#waiting.length > LONGEST) this.#waiting.shift(); // a hidden tab draws nothing
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#drawing = false;
    const waiting = this.#waiting.splice(0);
    const fresh = waiting.map(({ what, seq, build }) => drawn(what, () => Object.assign(build(), { seq })));
    this.#list.append(...fresh.filter(Boolean));
    while (this.#list.childElementCount > LONGEST) this.#list.firstElementChild.remove();
    if (this.#following) this.#toEnd();
    else this.#newer.hidden = false;
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    if (scrollHeight - scrollTop - clientHeight < AT_END) {
      this.#following = true;
      this.#newer.hidden = true;
    } else if (scrollTop < this.#top) {
      this.#following = false; // new entries move the end away, but only a reader scrolls up
    }
    this.#top = scrollTop;
  }

  #toEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#top = this.#log.scrollTop;
    this.#following = true;
    this.#newer.hidden = true;
  }
}

function chatEntry({ fromusername, userId, textMessage, time, to }, mine) {
  const item = element("li", mine ? "chat mine" : "chat");
  const who = name(fromusername, userId);
  item.style.setProperty("--hue", hue(text(userId ?? fromusername)));
  // The avatar is not loaded, because a stranger's server would learn who is watching.
  const badge = element("span", "initial", initial(who));
  badge.ariaHidden = "true";
  const head = element("p", "head");
  head.append(bdi(who, "name"));
  if (to) head.append(tag(mine && name(to)));
  if (moment(time)) head.append(element("time", "", moment(time)));
  const body = element("div", "body");
  body.append(head, prose("p", "text", text(textMessage)));
  item.append(badge, body);
  return item;
}

/** Says that a chat is private: the viewer's own to `whom`, or somebody's to the viewer. */
function tag(whom) {
  const made = element("span", "tag", whom ? "only to " : "only to you");
  if (whom) made.append(bdi(whom));
  return made;
}

function noticeEntry({ name: title, data, to }) {
  const item = element("li", "notice");
  const head = prose("p", "name", text(title) || "Notice");
  if (to) head.append(" ", tag());
  item.append(head, ...listed(typeof data === "object" ? (data ?? {}) : { "": data ?? "" }));
  return item;
}

/** The colour of a user, in degrees. */
function hue(id) {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.codePointAt(0)) % 360;
  return sum;
}
