/** The room page: the entry, the room's events, and the viewer's actions. */

import { ChatList } from "./chat_list.js";
import { bdi, drawn, fields, isCount, isolated, listed, name, text } from "../shared/foreign.js";
import { LiveRoom } from "../../client/live.js";
import { keptToken } from "../shared/token.js";
import { Stage } from "./stage.js";
import { invitation, leftOut, refusal, sanction, settingsLine, stateLine } from "./words.js";

const WHO_MS = 5000; // between two requests of the list of people
const PEOPLE = 200; // in that list, at most

const $ = (id) => document.getElementById(id);
const chat = new ChatList($("chat"), $("log"), $("newer"));
const stage = new Stage($("flights"));

let room = null;
let userId = ""; // the viewer's own
let likes = null;
let taps = 0; // the viewer's own likes, whose hearts have risen already
let privateTo = null;
let whoTimer;
let whoAsked = -Infinity;

const handlers = {
  state(state) {
    const live = state.name === "open";
    $("state").textContent = stateLine(state);
    $("state").dataset.name = state.name;
    for (const id of ["send", "like"]) $(id).disabled = !live;
  },
  welcome(object) {
    userId = text(object.userId);
    online(object);
    likes = null;
    handlers.likes(object);
    $("message").placeholder = invitation(object.settings);
    if (object.mute && !object.resumed) {
      chat.line(sanction({ ...fields(object.mute), action: "muted" }), "line warning");
    }
    whoChanged();
  },
  gap: () => chat.line("Some of what was said is missing here."),
  refused: (refused) => ($("refused").textContent = refusal(refused)),
  chat(object) {
    const mine = object.userId === userId;
    chat.chat(object, mine);
    if (!object.replayed && !object.to) stage.fly(object.textMessage, { seq: object.seq, mine });
  },
  notice: (object) => chat.notice(object),
  joined: (object) => crowd(object, "joined"),
  left: (object) => crowd(object, "left"),
  online,
  likes({ zanNumber }) {
    if (!isCount(zanNumber)) return;
    if (likes !== null) stage.hearts(zanNumber - likes - taps);
    taps = 0;
    likes = zanNumber;
    $("likes").textContent = zanNumber.toLocaleString("en");
  },
  removed({ seq }) {
    if (!isCount(seq)) return;
    chat.remove(seq);
    stage.remove(seq);
  },
  sanction(object) {
    chat.line(sanction(object), object.action === "unmuted" ? "line" : "line warning");
    $("refused").textContent = ""; // the refusal may no longer be true
  },
  settings({ settings }) {
    $("refused").textContent = "";
    chat.line(settingsLine(settings) || "Everyone may write again.");
    $("message").placeholder = invitation(settings);
  },
  properties: ({ properties }) => $("properties").replaceChildren(...listed(fields(properties))),
  leftOut: ({ dropped }) => chat.line(leftOut(dropped), "line warning"),
  fault: () => ($("refused").textContent = "The room could not handle that. Please try again."),
};

function online({ onlineNumber }) {
  if (isCount(onlineNumber)) $("online").textContent = onlineNumber.toLocaleString("en");
}

function crowd({ username, userId: id, others }, did) {
  const more = isCount(others) && others > 0 ? ` and ${others} ${others === 1 ? "other" : "others"}` : "";
  chat.line([bdi(name(username, id)), `${more} ${did}`]);
  whoChanged();
}

/** While the list of people is open, request it again, WHO_MS after the last request at the earliest. */
function whoChanged() {
  if (!$("who").open || whoTimer !== undefined) return;
  const ask = () => {
    whoTimer = undefined;
    whoAsked = performance.now();
    const show = (page) => drawn("who", () => showPeople(page));
    room?.who({ limit: PEOPLE }).then(show, () => {}); // the next join or leave requests it again
  };
  whoTimer = setTimeout(ask, Math.max(0, whoAsked + WHO_MS - performance.now()));
}

function showPeople({ users, onlineNumber }) {
  online({ onlineNumber });
  $("people").replaceChildren(...users.slice(0, PEOPLE).map((user) => person(fields(user))));
  const rest = (isCount(onlineNumber) ? onlineNumber : 0) - users.length;
  $("people-rest").textContent = rest > 0 ? `and ${rest.toLocaleString("en")} more` : "";
}

function person({ userId: id, username }) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  const shown = name(username, id);
  button.type = "button";
  button.append(bdi(shown));
  button.title = `Write to ${isolated(shown)} alone`;
  button.disabled = id === userId || typeof id !== "string" || id === "";
  button.onclick = () => writeTo({ id, shown });
  item.append(button);
  return item;
}

/** `user`: null for everyone. */
function writeTo(user) {
  privateTo = user;
  $("private").hidden = user === null;
  $("private-name").textContent = user?.shown ?? "";
  $("message").focus();
}

async function say(message) {
  try {
    await room.say(message, { to: privateTo?.id });
  } catch (refused) {
    if (refused.code === "closed") return;
    const box = $("message");
    $("refused").textContent = refusal(refused);
    if (box.value) $("refused").append(" Not sent: ", bdi(text(message)));
    else box.value = message; // back to where it was typed
  }
}

function enter(activityId, username) {
  room = new LiveRoom({ url: "/websocket", activityId, username, token });
  whoAsked = -Infinity;
  show("room");
  $("title").textContent = `Room ${activityId}`;
  document.title = `Room ${activityId} · Live rooms`;
  history.replaceState(null, "", `?${new URLSearchParams({ room: activityId, ...(username && { name: username }) })}`);
  for (const [event, handler] of Object.entries(handlers)) room.on(event, (it) => drawn(event, () => handler(it)));
  room.connect();
  $("message").focus();
}

function leave() {
  room?.close();
  room = null;
  chat.clear();
  stage.clear();
  writeTo(null);
  $("refused").textContent = "";
  $("message").value = "";
  $("who").open = false;
  for (const id of ["people", "properties"]) $(id).replaceChildren();
  history.replaceState(null, "", `?${new URLSearchParams({ room: $("room-number").value })}`);
  document.title = "Live rooms";
  show("entry");
  $("room-number").focus();
}

function show(id) {
  for (const part of ["entry", "room"]) $(part).hidden = part !== id;
}

/** The problem with the entry, by the authorizer's rules: a browser does not learn why a handshake is refused. */
function entryProblem(number, username) {
  if (!/^[1-9]\d*$/.test(number) || !Number.isSafeInteger(Number(number))) return "The room is a whole number from 1.";
  if (token) return ""; // the token has the name
  if (username === "") return "Please give a name.";
  if ([...username].length > 32 || /\p{Cc}/u.test(username)) return "The name is 1 to 32 characters.";
  return "";
}

function join() {
  const number = $("room-number").value.trim();
  const username = $("name").value.normalize("NFC").trim();
  const problem = entryProblem(number, username);
  $("join-error").textContent = problem;
  if (!problem) enter(number, username);
}

$("join").onsubmit = (event) => {
  event.preventDefault();
  join();
};
$("leave").onclick = leave;
$("composer").onsubmit = (event) => {
  event.preventDefault();
  const message = $("message").value.trim();
  $("refused").textContent = "";
  if (!message || $("send").disabled) return;
  $("message").value = "";
  say(message);
};
$("like").onclick = () => {
  room.like();
  taps += 1;
  stage.hearts(1);
};
$("who").ontoggle = () => {
  clearTimeout(whoTimer);
  whoTimer = undefined;
  whoAsked = -Infinity;
  whoChanged();
};
$("private-end").onclick = () => writeTo(null);
$("bullets").onclick = () => {
  stage.flying = !stage.flying;
  $("bullets").ariaPressed = String(stage.flying);
  if (!stage.flying) stage.clear();
};
$("share").onclick = async () => {
  const link = `${location.origin}/?${new URLSearchParams({ room: $("room-number").value })}`;
  try {
    await navigator.clipboard.writeText(link);
    chat.line("The link to this room is copied.");
  } catch {
    chat.line(`The link to this room: ${link}`);
  }
};

const asked = new URLSearchParams(location.search);
const token = keptToken();
addEventListener("hashchange", () => location.reload());
$("room-number").value = asked.get("room") ?? "";
$("name").value = asked.get("name") ?? "";
show("entry");
for (const part of document.querySelectorAll("#name, [for=name]")) part.hidden = Boolean(token);
if ($("room-number").value && (token || $("name").value)) join();
else $($("room-number").value && !token ? "name" : "room-number").focus();
