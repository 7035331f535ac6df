/** The chat: the newest 300 entries, drawn at most once a frame. User content goes in as text only. */

const LONGEST = 300;
const AT_END = 60; // pixels from the end that still count as reading along

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

export class ChatList {
  #list;
  #log;
  #newer;
  #waiting = [];
  #drawing = false;
  #following = true; // the reader is at the end and stays there
  #top = 0; // how far the log was scrolled when last looked at

  /** `list` inside the scrolling `log`; `newer` is shown while the reader is further up. */
  constructor(list, log, newer) {
    this.#list = list;
    this.#log = log;
    this.#newer = newer;
    newer.onclick = () => this.#toEnd();
    log.onscroll = () => this.#scrolled();
    new ResizeObserver(() => this.#following && this.#toEnd()).observe(log);
  }

  /** A chat object; `mine`: own. */
  chat(object, mine) {
    this.#add(object.seq, () => chatEntry(object, mine));
  }

  /** A notice from the platform. */
  notice(object) {
    this.#add(object.seq, () => noticeEntry(object));
  }

  /** A line of the room's own. */
  line(text, kind = "line") {
    this.#add(undefined, () => element("li", kind, text));
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

  #add(seq, build) {
    this.#waiting.push({ seq, build });
    if (this.#waiting.length > LONGEST) this.#waiting.shift(); // a hidden tab draws nothing
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#drawing = false;
    const fresh = this.#waiting.map(({ seq, build }) => Object.assign(build(), { seq }));
    this.#waiting = [];
    this.#list.append(...fresh);
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
      this.#following = false; // the end may also have moved away, but only a reader scrolls up
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
  item.style.setProperty("--hue", hue(userId ?? fromusername));
  // The avatar's address is not followed: it would tell a stranger's server who is watching.
  const initial = element("span", "initial", [...String(fromusername)][0]?.toUpperCase());
  initial.ariaHidden = "true";
  const head = element("p", "head");
  head.append(element("bdi", "name", fromusername));
  if (to) head.append(element("span", "tag", mine ? `only to ${to}` : "only to you"));
  if (time) head.append(element("time", "", CLOCK.format(time)));
  const body = element("div", "body");
  body.append(head, element("p", "text", textMessage));
  item.append(initial, body);
  return item;
}

function noticeEntry({ name, data }) {
  const item = element("li", "notice");
  item.append(element("p", "name", name));
  const fields = data !== null && typeof data === "object" ? Object.entries(data) : [["", data ?? ""]];
  for (const [key, value] of fields) {
    const shown = typeof value === "object" ? JSON.stringify(value) : String(value);
    item.append(element("p", "text", key ? `${key}: ${shown}` : shown));
  }
  return item;
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** A colour of one's own, in degrees. */
function hue(id) {
  let sum = 0;
  for (const character of String(id)) sum = (sum * 31 + character.codePointAt(0)) % 360;
  return sum;
}
