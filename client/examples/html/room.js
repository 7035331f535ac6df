// A page without a framework. Its address says where to go:
// index.html?url=wss://example.com/websocket&api=https://example.com&room=42&name=alice

import { LiveRoom } from "../../live.js";

const asked = new URLSearchParams(location.search);
const find = (id) => document.getElementById(id);
const show = (id, text) => (find(id).textContent = text);

const REASONS = {
  banned: "You are banned from this room.",
  banned_everywhere: "You are banned.",
  name_rejected: "This name is not allowed.",
  bad_field: "This name is not allowed.",
  token_expired: "This link has expired.",
  too_often: "You come and go too often.",
  unreachable: "The server cannot be reached.",
};

const room = new LiveRoom({
  url: asked.get("url") ?? "/websocket",
  api: asked.get("api") ?? "/",
  activityId: asked.get("room") ?? 42,
  username: asked.get("name") ?? "guest",
});

room.on("state", ({ name, reason, delayMs }) => {
  const why = REASONS[reason] ?? "";
  if (name === "open") show("state", "Connected");
  else if (name === "waiting") show("state", `${why} Trying again in ${Math.ceil(delayMs / 1000)} s.`);
  else if (name === "closed") show("state", why || "Not connected");
});
room.on("chat", ({ seq, fromusername, textMessage }) => {
  const item = document.createElement("li");
  item.id = `chat-${seq}`;
  item.dir = "auto";
  item.textContent = `${fromusername}: ${textMessage}`; // never innerHTML: others wrote this
  find("chat").append(item);
  item.scrollIntoView();
});
room.on("removed", ({ seq }) => find(`chat-${seq}`)?.remove());
room.on("welcome", ({ onlineNumber, zanNumber }) => {
  show("online", onlineNumber);
  show("likes", zanNumber);
});
room.on("online", ({ onlineNumber }) => show("online", onlineNumber));
room.on("likes", ({ zanNumber }) => show("likes", zanNumber));

find("like").onclick = () => room.like();
find("composer").onsubmit = async (event) => {
  event.preventDefault();
  const text = find("text").value;
  try {
    await room.say(text);
    if (find("text").value === text) find("text").value = "";
    show("problem", "");
  } catch ({ message, retryAfter }) {
    show("problem", retryAfter ? `Not sent. Try again in ${retryAfter} s.` : `Not sent: ${message}`);
  }
};

room.connect();
