/** The room page: the entry, what the room says, and what the viewer does. */

import { ChatList } from "./chat_list.js";
import { LiveRoom } from "./live.js";
import { Stage } from "./stage.js";
import { invitation, leftOut, refusal, sanction, settingsLine, stateLine } from "./words.js";

const WHO_MS = 5000; // ask no more often who is here
const PEOPLE = 200; // of them at most

const $ = (id) => document.getElementById(id);
const chat = new ChatList($("chat"), $("log"), $("newer"));
const stage = new Stage($("flights"));

let room = null;
let userId = ""; // one's own
let likes = null;
let taps = 0; // own ones, whose hearts have risen already
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
    userId = object.userId;
    online(object);
    likes = null;
    handlers.likes(object);
    $("message").placeholder = invitation(object.settings ?? {});
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
    if (typeof zanNumber !== "number") return;
    if (likes !== null) stage.hearts(zanNumber - likes - taps);
    taps = 0;
    likes = zanNumber;
    $("likes").textContent = zanNumber.toLocaleString("en");
  },
  removed({ seq }) {
    chat.remove(seq);
    stage.remove(seq);
  },
  sanction(object) {
    chat.line(sanction(object), object.action === "unmuted" ? "line" : "line warning");
    $("refused").textContent = ""; // it may hold no longer
  },
  settings({ settings }) {
    $("refused").textContent = "";
    chat.line(settingsLine(settings ?? {}) || "Everyone may write again.");
    $("message").placeholder = invitation(settings ?? {});
  },
  leftOut: ({ dropped }) => chat.line(leftOut(dropped ?? {}), "line warning"),
  fault: () => ($("refused").textContent = "The room could not handle that. Please try again."),
};

function online({ onlineNumber }) {
  if (typeof onlineNumber === "number") $("online").textContent = onlineNumber.toLocaleString("en");
}

function crowd({ username, others }, did) {
  const more = others > 0 ? ` and ${others} ${others === 1 ? "other" : "others"}` : "";
  chat.line(`${username}${more} ${did}`);
  whoChanged();
}

/** While the list of people is open, ask for it anew, soon but not often. */
function whoChanged() {
  if (!$("who").open || whoTimer !== undefined) return;
  const ask = () => {
    whoTimer = undefined;
    whoAsked = performance.now();
    room?.who({ limit: PEOPLE }).then(showPeople, () => {}); // the next one who comes or goes asks again
  };
  whoTimer = setTimeout(ask, Math.max(0, whoAsked + WHO_MS - performance.now()));
}

function showPeople({ users, onlineNumber }) {
  online({ onlineNumber });
  const items = users.map((user) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = user.username;
    button.title = `Write to ${user.username} alone`;
    button.disabled = user.userId === userId;
    button.onclick = () => writeTo(user);
    item.append(button);
    return item;
  });
  $("people").replaceChildren(...items);
  const rest = (onlineNumber ?? 0) - users.length;
  $("people-rest").textContent = rest > 0 ? `and ${rest.toLocaleString("en")} more` : "";
}

function writeTo(user) {
  privateTo = user;
  $("private").hidden = user === null;
  $("private-name").textContent = user?.username ?? "";
  $("message").focus();
}

async function say(text) {
  try {
    await room.say(text, { to: privateTo?.userId });
  } catch (refused) {
    if (refused.code === "closed") return;
    const box = $("message");
    const said = refusal(refused);
    $("refused").textContent = box.value ? `${said} Not sent: ${text}` : said;
    if (!box.value) box.value = text; // back to where it was typed
  }
}

function enter(activityId, username) {
  whoAsked = -Infinity;
  show("room");
  $("title").textContent = `Room ${activityId}`;
  document.title = `Room ${activityId} · Live rooms`;
  history.replaceState(null, "", `?${new URLSearchParams({ room: activityId, ...(username && { name: username }) })}`);
  room = new LiveRoom({ url: "/websocket", activityId, username, token });
  for (const [name, handler] of Object.entries(handlers)) room.on(name, handler);
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
  $("people").replaceChildren();
  history.replaceState(null, "", `?${new URLSearchParams({ room: $("room-number").value })}`);
  document.title = "Live rooms";
  show("entry");
  $("room-number").focus();
}

function show(id) {
  for (const part of ["entry", "room"]) $(part).hidden = part !== id;
}

/** What is wrong with the entry, as the authorizer would see it: a browser is not told why it was refused. */
function entryProblem(number, name) {
  if (!/^[1-9]\d*$/.test(number) || !Number.isSafeInteger(Number(number))) return "The room is a whole number from 1.";
  if (token) return ""; // which has the name
  if (name === "") return "Please give a name.";
  if ([...name].length > 32 || /\p{Cc}/u.test(name)) return "The name is 1 to 32 characters.";
  return "";
}

function join() {
  const number = $("room-number").value.trim();
  const name = $("name").value.normalize("NFC").trim();
  const problem = entryProblem(number, name);
  $("join-error").textContent = problem;
  if (!problem) enter(number, name);
}

$("join").onsubmit = (event) => {
  event.preventDefault();
  join();
};
$("leave").onclick = leave;
$("composer").onsubmit = (event) => {
  event.preventDefault();
  const text = $("message").value.trim();
  $("refused").textContent = "";
  if (!text || $("send").disabled) return;
  $("message").value = "";
  say(text);
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
// Behind the #, where no server and no log sees it; then in this tab alone, so that it outlives a reload and does not
// stay in the address, which people copy.
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) sessionStorage.setItem("token", given);
const token = sessionStorage.getItem("token") ?? undefined;
addEventListener("hashchange", () => location.reload());
$("room-number").value = asked.get("room") ?? "";
$("name").value = asked.get("name") ?? "";
show("entry");
for (const part of document.querySelectorAll("#name, [for=name]")) part.hidden = Boolean(token);
if ($("room-number").value && (token || $("name").value)) join();
else $($("room-number").value && !token ? "name" : "room-number").focus();
