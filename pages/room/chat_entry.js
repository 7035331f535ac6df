/** One entry of the chat, drawn: a chat or a notice. What others wrote is inserted as text only. */

import { badges } from "../shared/badges.js";
import { card } from "../shared/card.js";
import { bdi, element, initial, fields, isCount, isolated, listed, moment, name, prose, text } from "../shared/foreign.js";
import { words } from "./wording.js";

const LONGEST_QUOTE = 80;

/**
 * A chat object. `mine`: the viewer wrote it. `me`: the viewer's name, which is marked where it is mentioned.
 * `quoted`: the chat that this one replies to, as `excerpt` made it; undefined if there is none. `whom`: the name of whom
 * alone a chat of the viewer's is for.
 */
export function chatEntry(object, { mine = false, me = "", quoted, whom = "" }) {
  const { fromusername, userId, textMessage } = object;
  const who = name(fromusername, userId);
  const item = element("li", mine ? "chat mine" : "chat");
  item.style.setProperty("--hue", hue(text(userId ?? fromusername)));
  // The avatar is not loaded, because a stranger's server would learn who is watching.
  const badge = element("span", "initial", initial(who));
  badge.ariaHidden = "true";
  const said = prose("p", "text", "");
  said.append(...mentions(text(textMessage), mine ? "" : me));
  if (said.querySelector("mark")) item.classList.add("mentioned");
  const body = element("div", "body");
  body.append(head(object, who, mine && whom), ...(repliedTo(object) === undefined ? [] : [quote(object, quoted)]), said);
  item.append(badge, body, replyButton(object, who));
  return Object.assign(item, { from: excerpt(object) });
}

/** What a reply shows of this chat, and to whom it goes: a reply to a private chat (`to`) is as private. */
export function excerpt({ fromusername, userId, textMessage, to }) {
  return { who: name(fromusername, userId), said: text(textMessage, LONGEST_QUOTE), id: userId, to };
}

/** The seq of the chat that this one replies to, as clients agree on it; undefined if there is none. */
export function repliedTo({ extra }) {
  const { replyTo } = fields(extra);
  return isCount(replyTo) ? replyTo : undefined;
}

function head({ to, time, attributes }, who, whom) {
  const made = element("p", "head");
  made.append(bdi(who, "name"), ...badges(attributes));
  if (to) made.append(tag(whom));
  if (moment(time)) made.append(element("time", "", moment(time)));
  return made;
}

function quote(object, quoted) {
  const made = element("button", "quote");
  Object.assign(made, { type: "button", tabIndex: -1, disabled: !quoted });
  made.dataset.seq = repliedTo(object);
  if (quoted) made.append(bdi(quoted.who, "name"), " ", bdi(quoted.said));
  else made.append(words.say("replyGone"));
  return made;
}

function replyButton({ seq }, who) {
  const made = element("button", "reply", "↩");
  // Arrow keys lead from one to the next, so that Tab does not stop at each of 300.
  Object.assign(made, { type: "button", tabIndex: -1, hidden: !isCount(seq) });
  made.ariaLabel = words.say("replyTo", { name: isolated(who) });
  return made;
}

/** Says that a chat is private: the viewer's own to `whom`, or somebody's to the viewer. */
export function tag(whom) {
  const made = element("span", "tag");
  made.append(...(whom ? words.parts("toName", { name: bdi(whom) }) : [words.say("toYou")]));
  return made;
}

/** The text in parts, of which each @name of the viewer is marked. */
function mentions(said, me) {
  if (me === "" || !said.includes("@")) return [said];
  const escaped = me.replace(/[.*+?^${}()|[\]\\\/-]/g, "\\$&");
  // A name goes on with a letter: @ann is not in @anna. Scripts without spaces have none between a name and a word.
  const goesOn = /[\p{L}\p{N}]$/u.test(me) && !/\p{Lo}$/u.test(me) ? "(?![\\p{L}\\p{N}_])" : "";
  const parts = said.split(new RegExp(`(@${escaped}${goesOn})`, "giu"));
  return parts.map((part, at) => (at % 2 ? element("mark", "", part) : part));
}

/** A notice from the platform. */
export function noticeEntry({ name: title, data, to }) {
  const item = element("li", "notice");
  const line = prose("p", "name", text(title) || words.say("notice"));
  if (to) line.append(" ", tag());
  const offered = card(data);
  item.append(line, ...(offered ? [offered] : listed(typeof data === "object" ? (data ?? {}) : { "": data ?? "" })));
  return item;
}

/** The colour of a user, in degrees. */
function hue(id) {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.codePointAt(0)) % 360;
  return sum;
}
