/** What others wrote, made fit to be drawn: any JSON becomes a text, a name, a moment or a count here, or nothing. */

import { locale, words } from "./languages.js";

const LONGEST_TEXT = 2000; // viewers may write 500 characters; other systems as much as a frame holds
const LONGEST_NAME = 200; // viewers: 32
const LATEST = 253_402_300_799_999; // the end of the year 9999, in ms
const MOST_FIELDS = 20; // of an object that is listed; a room has 32 properties

// These turn the text around them, and may end the isolation that a <bdi> gives.
const DIRECTIONS = /[\u202a-\u202e\u2066-\u2069]/g;
const VISIBLE = /(?![\p{DI}\u2800])[\p{L}\p{N}\p{P}\p{S}]/u;
// What Intl.Segmenter knows, near enough for a browser that lacks it: flags, emojis with what belongs to them, marks.
const GRAPHEME =
  /\p{RI}\p{RI}|\p{Emoji}[\p{EMod}\p{M}\u{e0020}-\u{e007f}]*(?:\u200d\p{Emoji}[\p{EMod}\p{M}]*)*|[^\p{M}]\p{M}*|./gsu;

const CLOCK = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });

const told = new Set();

/** What `draw` returns; undefined if it fails, which is logged once for each `what`. */
export function drawn(what, draw) {
  try {
    return draw();
  } catch (error) {
    if (!told.has(what)) console.error(`left out what cannot be drawn (${what}):`, error);
    told.add(what);
  }
}

/** Any value as a text; empty if there is none. */
export function text(value, most = LONGEST_TEXT) {
  const whole = typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? "");
  return whole.length > most ? `${whole.slice(0, most).replace(/[\ud800-\udbff]$/, "")}…` : whole;
}

/** The text in one line. */
export function oneLine(value) {
  return text(value, 500).replace(/[\s\u0085]+/gu, " ").trim();
}

/** The first of these names that shows something. */
export function name(...values) {
  const names = values.map((value) => text(value, LONGEST_NAME).replace(DIRECTIONS, ""));
  return names.find((one) => VISIBLE.test(one)) ?? words.say("somebody");
}

/** A name inside a text that has no elements, such as a tooltip: it does not turn the words around it. */
export function isolated(one) {
  return `\u2068${one}\u2069`;
}

/** The first whole grapheme of a name that shows something, as a capital. */
export function initial(one) {
  const first = graphemes(one).find((grapheme) => VISIBLE.test(grapheme)) ?? "";
  const capital = first.toUpperCase();
  return [...capital].length > [...first].length ? [...capital][0] : capital; // ß has two capitals
}

function graphemes(one) {
  if (!Intl.Segmenter) return one.match(GRAPHEME) ?? [];
  return Array.from(new Intl.Segmenter().segment(one), ({ segment }) => segment);
}

/** The time of day of ms since the epoch; empty for anything else. */
export function moment(time) {
  return isCount(time) && time > 0 && time <= LATEST ? CLOCK.format(time) : "";
}

/** Whether it is a number that counts something. */
export function isCount(value) {
  return Number.isSafeInteger(value) && value >= 0;
}

/** What is known of `value`, if it is an object. */
export function fields(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

export function element(tag, className, content) {
  const made = document.createElement(tag);
  made.className = className;
  if (content !== undefined) made.textContent = content;
  return made;
}

/** A text of others: its own first letter says in which direction it runs. */
export function prose(tag, className, value) {
  return Object.assign(element(tag, className, value), { dir: "auto" });
}

/** A line for each of an object's fields, up to a number. */
export function listed(object) {
  const parts = Object.entries(object);
  const lines = parts.slice(0, MOST_FIELDS).map(([key, value]) => {
    const shown = value === null ? "null" : text(value);
    return prose("p", "text", key ? words.say("colon", { name: text(key), value: shown }) : shown);
  });
  if (parts.length > MOST_FIELDS) lines.push(element("p", "text", words.say("andMore", { count: parts.length - MOST_FIELDS })));
  return lines;
}

/** A name among other words. */
export function bdi(one, className = "") {
  return element("bdi", className, one);
}
