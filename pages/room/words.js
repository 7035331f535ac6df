/** The texts of the room page. */

import { fields, isCount, isolated, text } from "../shared/foreign.js";

const REFUSALS = table({
  too_long: "That is too long.",
  rate_limited: "You are sending too fast.",
  slow_mode: "Slow mode is on.",
  muted: "You are muted.",
  frozen: "The room is frozen: only its hosts can write.",
  rejected: "That cannot be said here.",
  not_allowed: "You may not do that here.",
  unavailable: "The room is not available right now.",
  lost: "The room did not answer: this may not have been sent.",
});
const SANCTIONS = table({
  muted: "You are muted",
  unmuted: "You can write again",
  kicked: "You were put out of the room",
  banned: "You are banned from the room",
});
const REASONS = table({
  replaced: "You have opened the room in newer windows",
  flooding: "You have sent too much and are banned from the room",
});
const UNITS = [["days", 86_400], ["h", 3600], ["min", 60]];
const DROPPED = table({ chat: "message", settings: "setting" });
const LONGEST_SECONDS = 1e11;
const MOST_KINDS = 10;
const LONGEST_REASON = 200;
const LONGEST_WORD = 32; // of a word of another system

/** Why a frame was refused. */
export function refusal({ code, message, retryAfter }) {
  const said = REFUSALS.get(code) ?? (text(message) || "That was refused.");
  return isPositive(retryAfter) ? `${said} Try again in ${span(retryAfter)}.` : said;
}

export function sanction({ action, seconds, reason }) {
  const said = REASONS.get(reason) ?? SANCTIONS.get(action) ?? text(action, LONGEST_WORD);
  const why = REASONS.has(reason) ? "" : text(reason, LONGEST_REASON);
  return `${said}${isPositive(seconds) ? ` for ${span(seconds)}` : ""}${why ? `: ${isolated(why)}` : "."}`;
}

/** In the largest unit of which there are at least two; rounded up, so that waiting for so long is enough. */
function span(seconds) {
  for (const [unit, length] of UNITS) if (seconds >= 2 * length) return `${Math.ceil(seconds / length)} ${unit}`;
  return `${seconds} s`;
}

/** Empty if everyone may write at any time. */
export function settingsLine(settings) {
  const { frozen, slowModeSeconds } = fields(settings);
  if (frozen === true) return REFUSALS.get("frozen");
  return isPositive(slowModeSeconds) ? `Slow mode: one message every ${slowModeSeconds} s.` : "";
}

/** The same for the message box, which is narrow. */
export function invitation(settings) {
  const { frozen, slowModeSeconds } = fields(settings);
  if (frozen === true) return "Only hosts can write";
  return isPositive(slowModeSeconds) ? `One message in ${slowModeSeconds} s` : "Say something";
}

/** {chat: 3, join: 1} → "3 messages, 1 join left out: too much for the room." */
export function leftOut(dropped) {
  const counted = Object.entries(fields(dropped)).filter(([, n]) => isCount(n)).slice(0, MOST_KINDS);
  const parts = counted.map(([kind, n]) => {
    return `${n} ${DROPPED.get(kind) ?? text(kind, LONGEST_WORD)}${n === 1 ? "" : "s"}`;
  });
  return `${parts.join(", ") || "Something was"} left out: too much for the room.`;
}

export function stateLine({ name, delayMs, lost }) {
  if (name === "connecting") return "Connecting…";
  if (name === "open") return "Connected";
  if (name === "closed") return "Disconnected";
  const what = lost ? "Connection lost." : "The room cannot be entered.";
  return `${what} Trying again in ${Math.ceil(delayMs / 1000)} s.`;
}

/** A map: an object would know the words "constructor" and "toString", too. */
function table(words) {
  return new Map(Object.entries(words));
}

/** Whether it is a number of seconds that can be told. */
function isPositive(seconds) {
  return Number.isFinite(seconds) && seconds > 0 && seconds <= LONGEST_SECONDS;
}
