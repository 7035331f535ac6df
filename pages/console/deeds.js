/**
 * What a moderator or a host may do, as deeds.
 *
 * A deed is `{ said, run, undo }`: what it says that was done, a function that does it under an id of its own (the same
 * id at each attempt), and the deed that undoes it, undefined if nothing can.
 */

import { isolated } from "../shared/foreign.js";
import { patchTo } from "./merge_patch.js";
import { deed as told, words } from "./wording.js";

const LONGEST_SECONDS = 30 * 24 * 3600;

export class Deeds {
  #api;
  #room;
  #inForce;

  /** `inForce(action, userId)`: the mute or ban ("muted", "banned") of a user of this room, as it was last read. */
  constructor(api, activityId, inForce) {
    this.#api = api;
    this.#room = `/activities/${activityId}`;
    this.#inForce = inForce;
  }

  /** `of`: `{ name, said }` of the message. */
  remove(seq, of) {
    const run = (key) => this.#api.send("DELETE", `${this.#room}/messages/${seq}`, { key });
    return { said: told({ what: "removal", data: { seq } }, of), run };
  }

  removeAll({ id, name }) {
    const run = (key) => this.#api.send("DELETE", `${this.#room}/messages`, { query: { userId: id }, key });
    return { said: words.say("didRemoveAll", { name: isolated(name) }), run };
  }

  mute(user, seconds, reason) {
    return this.#give("mutes", "muted", user, { seconds, reason });
  }

  /** `seconds`: null for good. */
  ban(user, seconds, reason, removeMessages = false) {
    const made = this.#give("bans", "banned", user, { seconds, reason, ...(removeMessages && { removeMessages }) });
    // What was removed does not come back.
    return removeMessages ? { ...made, undo: undefined } : made;
  }

  kick({ id, name }, reason) {
    const query = { userId: id, reason: reason || null };
    const run = (key) => this.#api.send("DELETE", `${this.#room}/users`, { query, key });
    return { said: sanction("kicked", name, null, reason), run };
  }

  unmute(user) {
    return this.#lift("mutes", "muted", "unmuted", user);
  }

  unban(user) {
    return this.#lift("bans", "banned", "unbanned", user);
  }

  banEverywhere({ id, name }, reason) {
    const body = { userId: id, ...(reason && { reason }) };
    const run = (key) => this.#api.send("PUT", "/bans", { body, key });
    const undo = this.unbanEverywhere({ id, name }, null);
    return { said: words.say("didBanEverywhere", { name: isolated(name) }), run, undo };
  }

  /** `ban`: as it was listed. */
  unbanEverywhere({ id, name }, ban) {
    const run = (key) => this.#api.send("DELETE", "/bans", { query: { userId: id }, key });
    const again = ban && left(ban);
    const undo = again && {
      said: words.say("didBanEverywhere", { name: isolated(name) }),
      run: (key) => this.#api.send("PUT", "/bans", { body: { userId: id, ...again }, key }),
    };
    return { said: words.say("didUnbanEverywhere", { name: isolated(name) }), run, undo };
  }

  /** `present`: the settings that the change is made to. */
  settings(change, present) {
    const before = Object.fromEntries(Object.keys(change).map((name) => [name, present[name]]));
    const deed = (body, shown) => ({
      said: told({ what: "settings", data: shown }),
      run: (key) => this.#api.send("PATCH", this.#room, { body, key }),
    });
    return { ...deed(change, { ...present, ...change }), undo: deed(before, present) };
  }

  notice(name, data, to) {
    const body = { name, data, ...(to.length > 0 && { to }) };
    const run = (key) => this.#api.send("POST", `${this.#room}/notices`, { body, key });
    return { said: told({ what: "notice", to, data: { name } }), run };
  }

  /** Make a property of the room `wanted`, undefined to take it away; it is `present` now. */
  property(name, wanted, present) {
    const deed = (from, to) => ({
      said: told({ what: "properties", data: { [name]: null } }),
      run: (key) => {
        const body = Object.fromEntries([[name, patchTo(from, to)]]);
        return this.#api.send("PATCH", `${this.#room}/properties`, { body, key });
      },
    });
    return { ...deed(present, wanted), undo: deed(wanted, present) };
  }

  /** `before`: the lists that these take the place of. */
  words(lists, before) {
    const deed = (body) => ({
      said: words.say("didWords"),
      run: (key) => this.#api.send("PUT", "/words", { body, key }),
    });
    return { ...deed(lists), undo: deed(before) };
  }

  #give(path, action, { id, name }, { reason, ...more }) {
    const body = { userId: id, ...more, ...(reason && { reason }) };
    if (body.seconds === null) delete body.seconds;
    const before = this.#inForce(action, id);
    const undo = before
      ? this.#put(path, action, { id, name }, { userId: id, ...left(before) })
      : this.#plainLift(path, action === "muted" ? "unmuted" : "unbanned", { id, name });
    return { ...this.#put(path, action, { id, name }, body), undo };
  }

  #put(path, action, { name }, body) {
    const run = (key) => this.#api.send("PUT", `${this.#room}/${path}`, { body, key });
    return { said: sanction(action, name, body.seconds ?? null, body.reason), run };
  }

  #lift(path, action, lifted, { id, name }) {
    const before = this.#inForce(action, id);
    const again = before && (left(before).seconds || action === "banned") ? left(before) : null;
    const undo = again && this.#put(path, action, { id, name }, { userId: id, ...again });
    return { ...this.#plainLift(path, lifted, { id, name }), undo: undo ?? undefined };
  }

  #plainLift(path, lifted, { id, name }) {
    const run = (key) => this.#api.send("DELETE", `${this.#room}/${path}`, { query: { userId: id }, key });
    return { said: sanction(lifted, name, null, ""), run };
  }
}

/** What is left of a sanction: its seconds, none for one without an end, and its reason. */
export function left({ until, reason }, now = Date.now()) {
  const seconds = Math.min(LONGEST_SECONDS, Math.max(1, Math.ceil((until - now) / 1000)));
  return { ...(until !== null && { seconds }), ...(reason && { reason }) };
}

function sanction(action, name, seconds, reason) {
  return told({ what: "sanction", to: [name], data: { action, seconds, reason } });
}
