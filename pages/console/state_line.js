/** Whether the console hears its room, and if not, why. */

import { isolated, text } from "../shared/foreign.js";
import { span, words } from "./wording.js";

// What a reason of the client is said as; of any other its own message is told.
const REASONS = new Map([
  ["replaced", () => words.say("wasReplaced")], ["kicked", () => words.say("wasCutOff")],
  ["flooding", () => words.say("wasCutOff")], ["banned", () => words.say("banned")],
  ["banned_everywhere", () => words.say("bannedEverywhere")], ["too_often", () => words.say("busy")],
  ["token_missing", () => words.say("unauthorized")], ["token_invalid", () => words.say("unauthorized")],
  ["token_expired", () => words.say("unauthorized")], ["token_other_room", () => words.say("otherRoom")],
  ["unreachable", () => ""], ["unavailable", () => ""], ["closed", () => ""],
]);

/** A state of live.js, in a line. */
export function stateLine({ name, delayMs = 0, lost, reason, message }) {
  if (name === "open") return words.say("connected");
  if (name === "connecting") return words.say("connecting");
  const why = REASONS.has(reason) ? REASONS.get(reason)() : isolated(text(message, 200));
  const time = span(delayMs / 1000);
  const what = name === "waiting" ? words.say(lost ? "lost" : "waiting", { time }) : words.say("closed");
  return why && reason !== undefined ? `${what} ${why}` : what;
}
