/** What the console tells, as texts in the language of the page. */

import { fields, isCount, isolated, text } from "../shared/foreign.js";
import { Words, locale } from "../shared/languages.js";
import en from "./words/en.js";
import zh from "./words/zh-CN.js";

export const words = new Words({ en, "zh-CN": zh });

const UNITS = [["days", 86_400], ["hours", 3600], ["minutes", 60]];
const LONGEST_SECONDS = 1e11;
const LONGEST_REASON = 200;
const LONGEST_QUOTE = 60;
const LATEST = 253_402_300_799_999; // the end of the year 9999, in ms
const MOMENT = new Intl.DateTimeFormat(locale, {
  month: "short", day: "numeric", hour: "2-digit", minute: "2-digit",
});
const ACTIONS = new Map([
  ["muted", ["didMute", "didMuteFor"]], ["unmuted", ["didUnmute", "didUnmute"]], ["kicked", ["didKick", "didKick"]],
  ["banned", ["didBan", "didBanFor"]], ["unbanned", ["didUnban", "didUnban"]],
]);

/** What went wrong with a call, in a line. */
export function failure(error) {
  const { kind, message, code } = error;
  if (!words.has(kind)) return text(message, 300) || words.say("failed");
  if (code === "banned" || code === "yourself") return words.say(code);
  return words.say(kind, { why: isolated(text(message, 300)) });
}

/** In the largest unit of which there are at least two, rounded up. */
export function span(seconds) {
  for (const [unit, length] of UNITS) {
    if (seconds >= 2 * length) return words.say(unit, { count: Math.ceil(seconds / length) });
  }
  return words.say("seconds", { count: Math.ceil(seconds) });
}

/** Whether it is a number of seconds that can be told. */
export function isSpan(seconds) {
  return Number.isFinite(seconds) && seconds > 0 && seconds <= LONGEST_SECONDS;
}

/** The day and time of ms since the epoch; empty for anything else. */
export function day(time) {
  return isCount(time) && time > 0 && time <= LATEST ? MOMENT.format(time) : "";
}

/**
 * What an act of the audit says that somebody did: "muted Bob for 10 min: no links". `of`: the name of who wrote the
 * message that was removed, and what it said, if that is known.
 */
export function deed({ what, to, data }, of) {
  const known = fields(data);
  const whom = isolated(people(to));
  if (what === "sanction") return because(sanction(known, whom), known.reason);
  if (what === "removal") {
    if (isCount(known.seq)) return removal(known.seq, of);
    return words.say("didRemoveAll", { name: isolated(text(known.userId, 64)) });
  }
  if (what === "notice") return noticeDeed(known, to);
  if (what === "settings") return settingsDeed(known);
  if (what !== "properties") return text(what, 32);
  return words.say("didProperties", { names: isolated(text(Object.keys(known).join(", "), 200)) });
}

function removal(seq, of) {
  if (!of) return words.say("didRemove", { seq });
  return words.say("didRemoveOf", { name: isolated(of.name), said: isolated(text(of.said, LONGEST_QUOTE)) });
}

function sanction({ action, seconds, everywhere }, name) {
  const [plain, limited] = ACTIONS.get(action) ?? [];
  if (!plain) return words.say("didOther", { what: text(action, 32), name });
  const said = isSpan(seconds) ? words.say(limited, { name, time: span(seconds) }) : words.say(plain, { name });
  return everywhere === true ? words.say("everywhere", { said }) : said;
}

function noticeDeed({ name }, to) {
  const title = isolated(text(name, 64));
  const some = Array.isArray(to) && to.length > 0;
  return some ? words.say("didNoticeTo", { title, names: isolated(people(to)) }) : words.say("didNotice", { title });
}

function settingsDeed({ frozen, slowModeSeconds }) {
  if (frozen === true) return words.say("didFreeze");
  return isSpan(slowModeSeconds) ? words.say("didSlow", { time: span(slowModeSeconds) }) : words.say("didOpen");
}

function because(said, reason) {
  const why = text(reason, LONGEST_REASON);
  return why ? words.say("because", { said, why: isolated(why) }) : said;
}

function people(to) {
  const names = (Array.isArray(to) ? to : [to]).map((one) => text(one, 64));
  return names.length > 3 ? words.say("several", { count: names.length }) : names.join(", ");
}
