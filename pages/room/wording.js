/** What the room tells, as texts in the language of the page. */

import { fields, isCount, isolated, text } from "../shared/foreign.js";
import { Words } from "../shared/languages.js";
import en from "./words/en.js";
import zh from "./words/zh-CN.js";

export const words = new Words({ en, "zh-CN": zh });

const REFUSALS = new Set([
  "too_long", "rate_limited", "slow_mode", "muted", "frozen", "rejected", "denied", "not_allowed", "unavailable",
]);
const OF_THE_CLIENT = new Map([["lost", "notAnswered"], ["closed", "notInRoom"]]);
const SANCTIONS = new Map([
  ["muted", ["isMuted", "isMutedFor"]],
  ["unmuted", ["unmuted", "unmuted"]],
  ["kicked", ["kicked", "kicked"]],
  ["banned", ["banned", "bannedFor"]],
]);
// The room's own reasons; any other is a moderator's text.
const REASONS = new Map([["replaced", ["replaced", "replaced"]], ["flooding", ["flooding", "floodingFor"]]]);
const KINDS = new Map([
  ["chat", "chats"], ["join", "joins"], ["leave", "leaves"], ["notice", "notices"], ["removal", "removals"],
  ["sanction", "sanctions"], ["settings", "settings"],
]);
const UNITS = [["days", 86_400], ["hours", 3600], ["minutes", 60]];
const LONGEST_SECONDS = 1e11;
const MOST_KINDS = 10;
const LONGEST_REASON = 200;
const LONGEST_WORD = 32; // of a word of another system

/** Why a frame was refused; without the time when a retry may help, since a button counts that down. */
export function why({ code, message }) {
  if (OF_THE_CLIENT.has(code)) return words.say(OF_THE_CLIENT.get(code));
  if (code === "denied") return words.say("denied", { why: isolated(text(message, LONGEST_REASON)) });
  return REFUSALS.has(code) ? words.say(code) : text(message) || words.say("refused");
}

/** The same with that time. */
export function refusal(refused) {
  const { retryAfter } = refused;
  if (!isPositive(retryAfter)) return why(refused);
  return words.say("refusedFor", { why: why(refused), time: span(retryAfter) });
}

/** "You are muted for 10 min." */
export function sanction({ action, seconds, reason }) {
  const own = REASONS.get(reason);
  const [plain, limited] = own ?? SANCTIONS.get(action) ?? [];
  if (!plain) return text(action, LONGEST_WORD);
  const said = isPositive(seconds) ? words.say(limited, { time: span(seconds) }) : words.say(plain);
  const told = own ? "" : text(reason, LONGEST_REASON);
  return told ? words.say("because", { said, why: isolated(told) }) : said;
}

/** In the largest unit of which there are at least two; rounded up, so that waiting for so long is enough. */
export function span(seconds) {
  for (const [unit, length] of UNITS) {
    if (seconds >= 2 * length) return words.say(unit, { count: Math.ceil(seconds / length) });
  }
  return words.say("seconds", { count: seconds });
}

/** Empty if everyone may write at any time. */
export function settingsLine(settings) {
  const { frozen, slowModeSeconds } = fields(settings);
  if (frozen === true) return words.say("frozen");
  return isPositive(slowModeSeconds) ? words.say("slowMode", { seconds: slowModeSeconds }) : "";
}

/** The same for the message box, which is narrow. */
export function invitation(settings) {
  const { frozen, slowModeSeconds } = fields(settings);
  if (frozen === true) return words.say("onlyHosts");
  return isPositive(slowModeSeconds) ? words.say("oneIn", { seconds: slowModeSeconds }) : words.say("invitation");
}

/** {chat: 3, join: 1} → "3 messages, 1 join left out: too much for the room." */
export function leftOut(dropped) {
  const found = Object.entries(fields(dropped)).filter(([, count]) => isCount(count)).slice(0, MOST_KINDS);
  const parts = found.map(([kind, count]) => {
    const known = KINDS.get(kind);
    return known ? words.say(known, { count }) : words.say("ofKind", { count, kind: text(kind, LONGEST_WORD) });
  });
  return words.say("leftOut", { what: parts.join(words.say("listComma")) || words.say("something") });
}

/** Whether it is a number of seconds that can be told. */
export function isPositive(seconds) {
  return Number.isFinite(seconds) && seconds > 0 && seconds <= LONGEST_SECONDS;
}
