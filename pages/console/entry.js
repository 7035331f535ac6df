/** The door of the console: asks for what is missing, a token or a room. */

import { words } from "./wording.js";
import { addressOf, roomNumber } from "./rooms.js";

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const $ = (id) => document.getElementById(id);

/** Ask for a token, and for a room if `needsRoom`; `why` says what is missing. The page is loaded again with both. */
export function ask(why, { needsToken, needsRoom }) {
  $("entry").hidden = false;
  $("entry-why").textContent = why;
  const number = $("entry-room"), token = $("entry-token");
  number.value = new URLSearchParams(location.search).get("room") ?? "";
  for (const part of document.querySelectorAll("#entry-token, [for=entry-token]")) part.hidden = !needsToken;
  (needsToken ? token : number).focus();
  $("enter").onsubmit = (event) => {
    event.preventDefault();
    const room = roomNumber(number.value);
    const problem = problemOf(number.value.trim(), room, needsToken ? token.value.trim() : undefined, needsRoom);
    $("entry-error").textContent = problem ? words.say(problem) : "";
    if (problem) return;
    if (needsToken) sessionStorage.setItem("token", token.value.trim());
    location.assign(room ? addressOf(room) : location.pathname);
    if (room === new URLSearchParams(location.search).get("room")) location.reload();
  };
}

function problemOf(typed, room, token, needsRoom) {
  if (token !== undefined && !TOKEN.test(token)) return "wrongToken";
  if (!room && (typed !== "" || needsRoom)) return "wrongRoom";
  return "";
}
