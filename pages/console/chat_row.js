/** One row of the console's chat, drawn: a chat, a notice, or a line of what happened. Others' content is text only. */

import { badges } from "../shared/badges.js";
import { card } from "../shared/card.js";
import { bdi, element, isCount, isolated, listed, moment, name, prose, text } from "../shared/foreign.js";
import { words } from "./wording.js";

/** A chat as viewers, or the archive, have it. `row.user` is its sender, undefined if it names none. */
export function chatRow(object) {
  const { fromusername, userId, textMessage, time, to, attributes, removed } = object;
  const who = name(fromusername, userId);
  const user = typeof userId === "string" && userId !== "" ? { id: userId, name: who } : undefined;
  const head = element("p", "head");
  head.append(bdi(who, "name"), ...badges(attributes));
  if (to) head.append(element("span", "tag", words.say("privateTag")));
  if (moment(time)) head.append(element("time", "", moment(time)));
  const row = element("li", "row chat");
  row.append(head, prose("p", "text", text(textMessage)), menuButton(who, Boolean(user) || isCount(object.seq)));
  Object.assign(row, { user, seq: object.seq, said: text(textMessage) });
  if (removed === true) markRemoved(row);
  return row;
}

/** A notice, which may be removed like a chat. */
export function noticeRow({ seq, name: title, data, time, removed }) {
  const row = element("li", "row notice");
  const head = element("p", "head");
  head.append(bdi(text(title, 64) || words.say("noticeTag"), "name"), element("span", "tag", words.say("noticeTag")));
  if (moment(time)) head.append(element("time", "", moment(time)));
  const offered = card(data);
  row.append(head, ...(offered ? [offered] : listed(typeof data === "object" ? (data ?? {}) : { "": data ?? "" })));
  row.append(menuButton(text(title, 64), isCount(seq)));
  Object.assign(row, { seq, said: text(data) });
  if (removed === true) markRemoved(row);
  return row;
}

/** A line of what happened, of texts and elements. */
export function lineRow(parts, kind = "line") {
  const row = element("li", `row ${kind}`);
  const line = element("p", "text");
  line.append(...[parts].flat());
  row.append(line);
  return Object.assign(row, { said: line.textContent });
}

/** A moderator goes on seeing what was removed, as such. */
export function markRemoved(row) {
  if (row.isRemoved) return;
  row.isRemoved = true;
  row.classList.add("removed");
  row.querySelector(".head")?.append(element("span", "tag", words.say("removedTag")));
}

function menuButton(who, isShown) {
  const button = element("button", "more", "⋯");
  button.type = "button";
  button.tabIndex = -1; // by the row's own key, so that Tab does not stop at each of a thousand
  button.hidden = !isShown;
  button.ariaLabel = words.say("more", { name: isolated(who) });
  return button;
}
