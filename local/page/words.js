/** What the room page says, in words. */

const REFUSALS = {
  too_long: "That is too long.",
  rate_limited: "You are sending too fast.",
  slow_mode: "Slow mode is on.",
  muted: "You are muted.",
  frozen: "The room is frozen: only its hosts can write.",
  rejected: "That cannot be said here.",
  not_allowed: "You may not do that here.",
  unavailable: "The room is not available right now.",
  lost: "The room did not answer: this may not have been sent.",
};
const SANCTIONS = {
  muted: "You are muted",
  unmuted: "You can write again",
  kicked: "You were put out of the room",
  banned: "You are banned from the room",
};
const UNITS = [["days", 86_400], ["h", 3600], ["min", 60]];
const DROPPED = { chat: "message", join: "join", leave: "leave" };

/** Why a frame was not taken. */
export function refusal({ code, message, retryAfter }) {
  const said = REFUSALS[code] ?? (message || "That was refused.");
  return retryAfter > 0 ? `${said} Try again in ${span(retryAfter)}.` : said;
}

export function sanction({ action, seconds }) {
  return `${SANCTIONS[action] ?? action}${seconds > 0 ? ` for ${span(seconds)}` : ""}.`;
}

/** In the largest unit of which there are two, rounded up: who waits for so long does not wait in vain. */
function span(seconds) {
  for (const [unit, length] of UNITS) if (seconds >= 2 * length) return `${Math.ceil(seconds / length)} ${unit}`;
  return `${seconds} s`;
}

/** Empty when anyone may write at any time. */
export function settingsLine({ frozen, slowModeSeconds }) {
  if (frozen) return REFUSALS.frozen;
  return slowModeSeconds > 0 ? `Slow mode: one message every ${slowModeSeconds} s.` : "";
}

/** The same in the message box, which is narrow. */
export function invitation({ frozen, slowModeSeconds }) {
  if (frozen) return "Only hosts can write";
  return slowModeSeconds > 0 ? `One message in ${slowModeSeconds} s` : "Say something";
}

/** {chat: 3, join: 1} → "3 messages, 1 join left out: the room is very busy." */
export function leftOut(dropped) {
  const parts = Object.entries(dropped).map(([kind, n]) => `${n} ${DROPPED[kind] ?? kind}${n === 1 ? "" : "s"}`);
  return `${parts.join(", ")} left out: the room is very busy.`;
}

export function stateLine({ name, delayMs, lost }) {
  if (name === "connecting") return "Connecting…";
  if (name === "open") return "Connected";
  if (name === "closed") return "Disconnected";
  const what = lost ? "Connection lost." : "The room cannot be entered.";
  return `${what} Trying again in ${Math.ceil(delayMs / 1000)} s.`;
}
