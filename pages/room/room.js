/** The room page: what the room says goes to the page's parts, and what the viewer does to the room. */

import { LiveRoom } from "../../client/live.js";
import { card } from "../shared/card.js";
import { bdi, drawn, element, fields, isCount, listed, name, text } from "../shared/foreign.js";
import { counted } from "../shared/languages.js";
import { stageAddresses } from "../shared/stage_addresses.js";
import { keptToken } from "../shared/token.js";
import { Announcer } from "./announcer.js";
import { ChatList } from "./chat_list.js";
import { Composer } from "./composer.js";
import { Danmaku } from "./danmaku.js";
import { bind, DanmakuSettings } from "./danmaku_settings.js";
import { Door } from "./door.js";
import { Entry, follow, forget, remember } from "./entry.js";
import { Hearts } from "./hearts.js";
import { tabUserId } from "./identity.js";
import { Names } from "./names.js";
import { Outbox } from "./outbox.js";
import { People } from "./people.js";
import { playStream } from "./stream.js";
import { walk } from "./walk.js";
import { invitation, leftOut, refusal, sanction, settingsLine, span, words } from "./wording.js";

const $ = (id) => document.getElementById(id);
const addresses = stageAddresses();
const token = keptToken();
words.fill();

const settings = new DanmakuSettings();
const danmaku = new Danmaku($("flights"), settings);
const hearts = new Hearts($("hearts"));
const announcer = new Announcer($("log"), $("summary"));
const chat = new ChatList({ list: $("chat"), log: $("log"), newer: $("newer"), announcer });
const outbox = new Outbox($("outbox"), {
  say: ({ message, to, extra }) => room.say(message, { to, extra }),
  taken: ({ message, to, extra }, seq) => {
    shown({ seq, textMessage: message, to, extra, userId: me.id, fromusername: me.name, time: Date.now() });
  },
  edit: (draft) => composer.edit(draft),
});
const composer = new Composer($("composer"), (draft) => {
  outbox.send(draft);
  chat.toEnd();
});
const people = new People({ details: $("who"), list: $("people"), rest: $("people-rest") }, {
  ask: (limit) => room.who({ limit }),
  choose(user) {
    names.learn(user.id, user.shown);
    composer.writeTo(user);
  },
});
const door = new Door($("door"), { again, name: () => leave("name"), link: follow, forget });
const entry = new Entry($("join"), { token, enter });

const names = new Names();
const me = { id: "", name: "" }; // the viewer, as the room says
let room = null;
let likes = null;
let taps = 0; // the viewer's own likes, whose hearts have risen already

const handlers = {
  state(state) {
    $("state").textContent = stateLine(state);
    $("state").dataset.name = state.name;
    composer.live = state.name === "open";
    $("like").disabled = state.name !== "open";
    door.state(state);
  },
  welcome(object) {
    me.id = people.me = text(object.userId);
    online(object);
    likes = null;
    handlers.likes(object);
    composer.placeholder = invitation(object.settings);
    if (object.mute && !object.resumed) {
      chat.line(sanction({ ...fields(object.mute), action: "muted" }), "line warning");
    }
    people.changed();
  },
  gap: () => chat.line(words.say("gap")),
  refused: (refused) => composer.say(refusal(refused)),
  chat(object) {
    const mine = object.userId === me.id;
    names.learn(object.userId, object.fromusername);
    if (mine) me.name = name(object.fromusername);
    if (mine && !outbox.came(object)) return;
    shown(object);
    if (!object.replayed && !object.to) danmaku.fly(object.textMessage, { seq: object.seq, mine });
  },
  notice: (object) => chat.notice(object),
  joined(object) {
    if (object.userId === me.id) me.name = name(object.username);
    crowd(object, "joined");
  },
  left: (object) => crowd(object, "left"),
  online,
  likes({ zanNumber }) {
    if (!isCount(zanNumber)) return;
    if (likes !== null) hearts.rise(zanNumber - likes - taps);
    taps = 0;
    likes = zanNumber;
    figure("likes", zanNumber);
  },
  removed({ seq }) {
    if (!isCount(seq)) return;
    chat.remove(seq);
    danmaku.remove(seq);
  },
  sanction(object) {
    chat.line(sanction(object), object.action === "unmuted" ? "line" : "line warning");
    composer.waited(); // the refusal may no longer be true
  },
  settings({ settings: rules }) {
    composer.waited();
    chat.line(settingsLine(rules) || words.say("writeAgain"));
    composer.placeholder = invitation(rules);
  },
  properties: ({ properties }) => showProperties(fields(properties)),
  leftOut: ({ dropped }) => chat.line(leftOut(dropped), "line warning"),
  fault: () => composer.say(words.say("fault")),
};

outbox.onrefused = ({ retryAfter }) => composer.wait(retryAfter);

function shown(object) {
  chat.chat(object, { mine: object.userId === me.id, me: me.name, whom: names.of(object.to) });
}

function stateLine({ name: state, delayMs, lost }) {
  if (state !== "waiting") return words.say(state);
  return words.say(lost ? "lost" : "waiting", { time: span(Math.ceil(delayMs / 1000)) });
}

function online({ onlineNumber }) {
  if (isCount(onlineNumber)) figure("online", onlineNumber);
}

/** "1,234 online", with the number in an element of its own. */
function figure(id, count) {
  const number = element("b", "", counted(count));
  number.id = id;
  $(`${id}-figure`).replaceChildren(...words.parts(id, { count, number }));
}

function crowd({ username, userId, others }, did) {
  const count = isCount(others) && others > 0 ? others : 0;
  chat.line(words.parts(count ? `${did}Many` : did, { name: bdi(name(username, userId)), count }));
  people.changed();
}

function showProperties(properties) {
  const parts = Object.entries(properties).map(([key, value]) => drawn("property", () => property(key, value)));
  $("properties").replaceChildren(...parts.filter(Boolean));
}

function property(key, value) {
  const made = element("div", "property");
  const offered = card(value);
  made.append(...(offered ? [offered] : listed({ [key]: value })));
  return made;
}

async function enter(number, username) {
  document.title = words.say("pageTitle", { room: number });
  $("title").textContent = words.say("roomTitle", { room: number });
  remember(number, username);
  show("room");
  handlers.state({ name: "connecting" });
  const { websocket, api } = await addresses;
  if ($("room").hidden) return; // left already
  const who = token ? { token } : { username, userId: tabUserId() };
  me.name = username;
  room = new LiveRoom({ url: websocket, api, activityId: number, ...who });
  for (const [event, handler] of Object.entries(handlers)) room.on(event, (it) => drawn(event, () => handler(it)));
  room.connect();
  $("message").focus();
}

/** Try to enter now, after being put out, or in place of waiting longer. */
function again() {
  room.close();
  room.connect();
}

function leave(field = "room-number") {
  room?.close();
  room = null;
  for (const part of [chat, danmaku, hearts, outbox, composer, people]) part.clear();
  door.hide();
  $("properties").replaceChildren();
  remember($("room-number").value.trim(), "");
  document.title = words.say("titleAlone");
  show("entry");
  entry.focus(field);
}

function show(id) {
  for (const part of ["entry", "room"]) $(part).hidden = part !== id;
}

/** What the viewer does to an entry of the chat: reply to it, or see what it replies to. */
function chosen({ target }) {
  const quote = target.closest(".quote");
  if (quote) chat.jump(Number(quote.dataset.seq));
  if (!target.closest(".reply")) return;
  const { seq, from } = target.closest("li");
  composer.replyTo({ seq, ...from });
  // A reply to a private chat is as private.
  if (from.to) composer.writeTo({ id: from.id, shown: from.who });
}

$("leave").onclick = () => leave();
$("log").addEventListener("click", chosen);
$("log").addEventListener("keydown", walk);
$("like").onclick = () => {
  room.like();
  taps += 1;
  hearts.rise(1);
};
$("share").onclick = async () => {
  const link = `${location.origin}/?${new URLSearchParams({ room: $("room-number").value.trim() })}`;
  try {
    await navigator.clipboard.writeText(link);
    chat.line(words.say("linkCopied"));
  } catch {
    chat.line(words.say("linkIs", { link }));
  }
};
bind(settings, {
  toggle: $("bullets"), more: $("bullet-settings"), panel: $("danmaku"), layer: $("flights"),
  changed: () => danmaku.clear(),
});
for (const id of ["online", "likes"]) figure(id, 0);
playStream($("video"), {
  line: $("screen-line"), sound: $("sound"), asked: new URLSearchParams(location.search).get("src"),
});
addEventListener("hashchange", () => location.reload());
show("entry");
if (entry.isComplete) entry.submit();
else entry.focus();
