/** Why the viewer is not in the room, and what can be done about it. */

import { isolated, text } from "../shared/foreign.js";
import { locale } from "../shared/languages.js";
import { countdown } from "./countdown.js";
import { isPositive, span, words } from "./wording.js";

const LONGEST_REASON = 200;
const LATEST = 8.64e15; // ms, the last day of a Date
const WHEN = { hour: "2-digit", minute: "2-digit", month: "short", day: "numeric" };
// What each reason is called, and what helps: try again, another name, another link, none at all.
const REASONS = new Map(Object.entries({
  token_missing: ["doorLinkMissing", "link"],
  token_invalid: ["doorLinkInvalid", "link", "forget"],
  token_expired: ["doorLinkExpired", "link", "forget"],
  token_not_yet_valid: ["doorLinkEarly", "again", "link", "forget"],
  token_other_room: ["doorLinkOther", "link", "forget"],
  origin: ["doorOrigin"],
  bad_field: ["doorNameInvalid", "name"],
  name_missing: ["nameMissing", "name"],
  name_rejected: ["doorNameRejected", "name"],
  banned: ["banned", "again"],
  banned_everywhere: ["doorBannedEverywhere", "again"],
  too_often: ["doorTooOften", "again"],
  unreachable: ["doorUnreachable", "again"],
  unavailable: ["unavailable", "again"],
  handshake_failed: ["doorUnreachable", "again"],
  wrong_address: ["doorUnreachable", "again"],
  kicked: ["kicked", "again"],
  replaced: ["replaced", "again"],
  flooding: ["flooding", "again"],
}));
const BANS = new Map([
  ["banned", ["doorBannedUntil", "bannedFor"]],
  ["banned_everywhere", ["doorBannedEverywhereUntil", "doorBannedEverywhereFor"]],
  ["flooding", ["doorBannedUntil", "floodingFor"]],
]);
const EARLY = new Set(["unreachable", "unavailable", "handshake_failed", "wrong_address"]); // one may try before the end

export class Door {
  #part;
  #acts;
  #stop = () => {};

  /** `part` has a line, and an element for each offer. `acts`: again, name, link(address) and forget. */
  constructor(part, acts) {
    this.#part = part;
    this.#acts = acts;
    for (const offer of ["again", "name", "forget"]) this.#one(offer).onclick = () => acts[offer]();
    this.#one("link").onsubmit = (event) => {
      event.preventDefault();
      const problem = acts.link(this.#one("link-address").value.trim());
      this.#one("link-problem").textContent = problem ?? "";
    };
  }

  /** Show why a state of the client is not "open", if there is a reason for it that the viewer must know. */
  state(state) {
    this.#stop();
    const { name, reason, delayMs, retryAfter } = state;
    if (name === "connecting") return; // what is shown holds until there is an answer
    this.#part.hidden = name === "open" || !isTold(reason);
    if (this.#part.hidden) return;
    const [key, ...offers] = REASONS.get(reason) ?? ["doorUnreachable", "again"];
    this.#write(explained(key, state), offers);
    const seconds = name === "waiting" ? delayMs / 1000 : retryAfter;
    if (isPositive(seconds) && offers.includes("again")) this.#count(Math.ceil(seconds), EARLY.has(reason));
  }

  hide() {
    this.#stop();
    this.#part.hidden = true;
  }

  #write(line, offers) {
    this.#one("line").textContent = line;
    for (const offer of ["again", "name", "forget", "link"]) this.#one(offer).hidden = !offers.includes(offer);
    this.#one("again").disabled = false;
    this.#one("again").textContent = words.say("again");
  }

  /** Count down in the button. `early`: the viewer may try before the end, and the client tries then by itself. */
  #count(seconds, early) {
    const button = this.#one("again");
    this.#stop = countdown(seconds, (left) => {
      button.disabled = left > 0 && !early;
      const time = span(left);
      button.textContent = left > 0 ? words.say(early ? "againNow" : "againIn", { time }) : words.say("again");
    });
  }

  #one(name) {
    return this.#part.querySelector(`#door-${name}`);
  }
}

/** Whether it is a reason that the viewer does not know: not their own leaving. */
function isTold(reason) {
  return typeof reason === "string" && reason !== "closed";
}

/** "You are banned from this room until 14:05. Reason: no links, please" */
function explained(key, { reason, until, retryAfter, text: said }) {
  const [byTime, byLength] = BANS.get(reason) ?? [];
  const end = moment(until);
  let told = words.say(key);
  if (byTime && end) told = words.say(byTime, { time: end });
  else if (byLength && isPositive(retryAfter)) told = words.say(byLength, { time: span(retryAfter) });
  const why = said === "flooding" || said === "replaced" ? "" : text(said, LONGEST_REASON);
  return why ? words.say("because", { said: told, why: isolated(why) }) : told;
}

function moment(until) {
  const isMoment = Number.isFinite(until) && until > 0 && until <= LATEST;
  return isMoment ? new Intl.DateTimeFormat(locale, WHEN).format(until) : "";
}
