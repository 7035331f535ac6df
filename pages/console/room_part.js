/** The chat of the room, live: what the room says, and what its moderator does by key or menu. */

import { bdi, drawn, fields, isCount, text } from "../shared/foreign.js";
import { counted } from "../shared/languages.js";
import { ChatList } from "./chat_list.js";
import { told } from "./audit.js";
import { follow, liveRoom } from "./connection.js";
import { stateLine } from "./state_line.js";
import { failure, words } from "./wording.js";

const PAGE = 50;
const MUTE_SECONDS = 600;
const $ = (id) => document.getElementById(id);

export class RoomPart {
  #api;
  #activityId;
  #outcomes;
  #deeds;
  #room;
  chat = new ChatList($("chat"), $("log"), $("held"));
  /** Called with what the room tells: `settings`, `properties`, and `crowd` when somebody came or went. */
  on = { settings() {}, properties() {}, crowd() {} };
  /** Called with the user and the message about which the menu is to be opened. */
  onmenu = () => {};

  constructor({ api, activityId, outcomes, deeds }) {
    [this.#api, this.#activityId, this.#outcomes, this.#deeds] = [api, activityId, outcomes, deeds];
    const filters = [$("by-user"), $("by-text")];
    for (const input of filters) input.oninput = () => this.chat.setFilter(...filters.map(({ value }) => value.trim()));
    this.chat.onfiltered = (count) => {
      $("filtered").textContent = count === null ? "" : words.say("filteredCount", { count });
    };
    $("earlier").onclick = () => this.#readEarlier();
    $("chat").onclick = ({ target }) => target.closest(".more") && this.#menuOf(target.closest(".row"));
    $("chat").ondblclick = ({ target }) => this.#menuOf(target.closest(".row"));
  }

  /** Enter the room, as this token may. */
  enter({ addresses, token, caller }) {
    this.#room = liveRoom({ api: this.#api, addresses, activityId: this.#activityId, token, caller });
    if (!this.#room) return this.#followStored();
    for (const [event, handler] of Object.entries(this.#handlers)) {
      this.#room.on(event, (object) => drawn(event, () => handler(object)));
    }
    this.#room.connect();
  }

  /** Show the messages of one user alone. */
  only(userId) {
    $("by-user").value = userId;
    $("by-user").oninput();
  }

  /** An act of the audit: what a moderator did, whoever it was. */
  act(act) {
    const { seq, userId } = act.what === "removal" ? fields(act.data) : {};
    if (userId) this.chat.remove(undefined, userId);
    this.chat.line(told(act, isCount(seq) ? writerOf(this.chat.find(seq)) : undefined), "line act");
  }

  /** What the keys do. */
  get keys() {
    const user = (act) => () => this.chat.chosen?.user && this.#outcomes.perform(act(this.chat.chosen.user));
    const focusFilter = () => $("by-text").focus();
    return {
      j: () => this.chat.move(1),
      k: () => this.chat.move(-1),
      r: () => this.#removeChosen(),
      m: user((who) => this.#deeds.mute(who, MUTE_SECONDS, "")),
      b: user((who) => this.#deeds.ban(who, null, "")),
      Enter: () => this.#menuOf(this.chat.chosen),
      Escape: () => this.chat.toEnd(), End: () => this.chat.toEnd(), "/": focusFilter,
    };
  }

  #removeChosen() {
    const row = this.chat.chosen;
    if (isCount(row?.seq)) this.#outcomes.perform(this.#deeds.remove(row.seq, writerOf(row)));
  }

  #handlers = {
    state: (state) => this.#state(state),
    welcome: (object) => {
      this.#online(object);
      this.#likes(object);
      this.on.settings(object.settings);
      this.on.properties(object.properties);
      this.on.crowd();
    },
    gap: () => this.#warn(words.say("gap")),
    chat: (object) => this.chat.chat(object),
    notice: (object) => this.chat.notice(object),
    joined: () => this.on.crowd(),
    left: () => this.on.crowd(),
    online: (object) => this.#online(object),
    likes: (object) => this.#likes(object),
    removed: ({ seq, userId }) => this.chat.remove(seq, userId),
    settings: ({ settings }) => this.on.settings(settings),
    properties: ({ properties }) => this.on.properties(properties),
    leftOut: ({ dropped }) => this.#warn(words.say("leftOut", { count: sum(dropped) })),
    fault: ({ message }) => this.#warn(bdi(text(message, 300))),
  };

  #state(state) {
    const place = $("state");
    place.dataset.name = state.name;
    place.textContent = stateLine(state);
    if (state.name !== "closed") return;
    const again = Object.assign(document.createElement("button"), { type: "button" });
    again.textContent = words.say("reconnect");
    again.onclick = () => this.#room.connect();
    place.append(" ", again);
  }

  #warn(parts) {
    this.chat.line(parts, "line warning");
  }

  #online({ onlineNumber }) {
    if (isCount(onlineNumber)) $("online").textContent = counted(onlineNumber);
  }

  #likes({ zanNumber }) {
    if (isCount(zanNumber)) $("likes").textContent = counted(zanNumber);
  }

  #followStored() {
    $("state").textContent = words.say("polled");
    follow(this.#api, this.#activityId, (messages) => {
      for (const one of messages) {
        if (one.removed) this.chat.remove(one.seq);
        this.chat[one.messageType === 10 ? "notice" : "chat"](one);
      }
    });
    return undefined;
  }

  async #readEarlier() {
    $("earlier").disabled = true;
    try {
      const query = { limit: PAGE, before: this.chat.oldest };
      const { messages, before } = await this.#api.get(`/activities/${this.#activityId}/messages`, query);
      this.chat.prepend(messages);
      if (before === null) $("earlier").textContent = words.say("noEarlier");
      $("earlier").disabled = before === null;
    } catch (error) {
      this.#warn(failure(error));
      $("earlier").disabled = false;
    }
  }

  #menuOf(row) {
    if (!row || (!row.user && !isCount(row.seq))) return;
    this.onmenu({ user: row.user, seq: isCount(row.seq) ? row.seq : undefined, said: row.said });
  }
}

/** Who wrote the message of a row, and what it says; undefined of none. */
function writerOf(row) {
  return row?.user && { name: row.user.name, said: row.said };
}

function sum(dropped) {
  const counts = Object.values(fields(dropped)).filter(isCount);
  return counts.reduce((all, one) => all + one, 0) || 1;
}
