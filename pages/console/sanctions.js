/** The mutes and bans that hold: of this room, and of the platform. */

import { bdi, element, isolated, name, prose, text } from "../shared/foreign.js";
import { button, field, heading } from "./form_fields.js";
import { fill, rowsOf } from "./rows.js";
import { day, words } from "./wording.js";

const MOST_PAGES = 20;

/** The room's sanctions, as they were last read. */
export class InForce {
  #api;
  #path;
  #held = new Map();
  all = [];

  constructor(api, activityId) {
    [this.#api, this.#path] = [api, `/activities/${activityId}/sanctions`];
  }

  async read() {
    const found = [];
    let cursor = null;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const answer = await this.#api.get(this.#path, { limit: 200, cursor });
      found.push(...answer.sanctions);
      cursor = answer.cursor;
      if (cursor === null) break;
    }
    this.all = found;
    this.#held = new Map(found.map((one) => [keyOf(one?.action, one?.userId), one]));
  }

  /** The mute or ban ("muted", "banned") of a user, if it holds now. */
  of(action, userId, now = Date.now()) {
    const found = this.#held.get(keyOf(action, userId));
    return found && (found.until === null || found.until > now) ? found : undefined;
  }
}

export class SanctionsPanel {
  element = element("div", "stack");
  #api;
  #inForce;
  #deeds;
  #outcomes;
  #here = element("ul", "rows");
  #everywhere;

  /** `isPlatform`: the bans from all rooms are shown, too. `onchosen` is called with `{ id, name }`. */
  constructor(api, { inForce, deeds, outcomes, isPlatform, onchosen }) {
    [this.#api, this.#inForce, this.#deeds, this.#outcomes] = [api, inForce, deeds, outcomes];
    this.#everywhere = isPlatform ? element("ul", "rows") : null;
    const parts = [someUser(onchosen), heading("inRoom"), this.#here];
    if (isPlatform) parts.push(heading("inAllRooms"), this.#everywhere);
    this.element.append(...parts);
  }

  async refresh() {
    const [, everywhere] = await Promise.all([this.#inForce.read(), this.#everywhere && this.#readEverywhere()]);
    const none = words.say("noSanctions");
    fill(this.#here, rowsOf(this.#inForce.all, (one) => this.#row(one, () => this.#liftHere(one))), none);
    const liftFromAll = (one) => this.#deeds.unbanEverywhere({ id: one.userId, name: one.userId }, one);
    const banned = (one) => this.#row({ ...one, action: "banned" }, () => liftFromAll(one));
    if (everywhere) fill(this.#everywhere, rowsOf(everywhere, banned), none);
  }

  async #readEverywhere() {
    const found = [];
    let cursor = null;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const answer = await this.#api.get("/bans", { limit: 200, cursor });
      found.push(...answer.bans);
      cursor = answer.cursor;
      if (cursor === null) break;
    }
    return found;
  }

  #liftHere({ action, userId }) {
    const user = { id: userId, name: userId };
    return action === "muted" ? this.#deeds.unmute(user) : this.#deeds.unban(user);
  }

  #row({ action, userId, since, until, by, byName, reason }, lift) {
    const row = element("li", "entry-row sanction");
    const head = element("p", "head");
    const what = words.say(action === "muted" ? "isMutedLong" : "isBannedLong");
    head.append(bdi(name(userId), "name"), element("span", "tag", what));
    const when = [day(until) ? words.say("until", { time: day(until) }) : words.say("forGood")];
    if (day(since)) when.push(words.say("since", { time: day(since) }));
    when.push(words.say("by", { name: isolated(name(byName, by)) }));
    const body = element("div", "body");
    body.append(head, element("p", "quiet", when.join(" · ")));
    if (reason) body.append(prose("p", "text", text(reason, 300)));
    const one = button("lift", async () => {
      one.disabled = true;
      await this.#outcomes.perform(lift());
      one.disabled = false;
    });
    row.append(body, one);
    return row;
  }
}

function keyOf(action, userId) {
  return `${text(action)} ${text(userId)}`;
}

/** A form to choose somebody who is not on the page. */
function someUser(onchosen) {
  const form = element("form", "line-form");
  const { place, input } = field("someUser", { maxLength: 64, autocomplete: "off", spellcheck: false });
  const act = element("button", "", words.say("act"));
  form.onsubmit = (event) => {
    event.preventDefault();
    const id = input.value.trim();
    if (id) onchosen({ id, name: id });
  };
  form.append(place, act);
  return form;
}
