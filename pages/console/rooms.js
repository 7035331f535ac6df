/** The live rooms with their figures. */

import { element, isCount, text } from "../shared/foreign.js";
import { button, field } from "./form_fields.js";
import { fill, rowsOf } from "./rows.js";
import { words } from "./wording.js";

const PAGE = 50;
const MOST_PAGES = 40;

export class Rooms {
  element = element("div", "stack");
  #api;
  #list = element("ul", "rows");
  #more = button("moreRooms", () => {
    this.#pages = Math.min(MOST_PAGES, this.#pages + 1);
    this.refresh().catch(() => {}); // the next reading says so
  });
  #pages = 1;

  /** `api` null: the token may not list the rooms, and one may only go to a room by its number. */
  constructor(api) {
    this.#api = api;
    this.#more.hidden = true;
    this.element.append(goTo(), this.#list, this.#more);
  }

  async refresh() {
    if (!this.#api) return;
    const rooms = [];
    let cursor = null;
    for (let page = 0; page < this.#pages; page += 1) {
      const answer = await this.#api.get("/activities", { limit: PAGE, cursor });
      rooms.push(...answer.activities);
      cursor = answer.cursor;
      if (cursor === null) break;
    }
    rooms.sort((a, b) => whole(b.onlineNumber) - whole(a.onlineNumber));
    fill(this.#list, rowsOf(rooms, row), words.say("noRooms"));
    this.#more.hidden = cursor === null;
  }
}

/** The address of a room's console. */
export function addressOf(activityId) {
  const query = new URLSearchParams(location.search);
  query.set("room", activityId);
  return `?${query}`;
}

/** The number that a text names, as the API writes it; undefined if it is no room. */
export function roomNumber(value) {
  const number = String(value ?? "").trim();
  return /^[1-9]\d{0,15}$/.test(number) && Number(number) <= Number.MAX_SAFE_INTEGER ? number : undefined;
}

function row({ activityId, onlineNumber, connections, places, zanNumber }) {
  const item = element("li", "entry-row");
  const link = element("a", "room-link", words.say("openRoom", { room: text(activityId, 16) }));
  link.href = addressOf(activityId);
  const counts = [["onlineCount", onlineNumber], ["connections", connections], ["likeCount", zanNumber]];
  if (whole(places) > 0) counts.splice(2, 0, ["inGallery", places]);
  const figures = counts.map(([key, value]) => words.say(key, { count: whole(value) }));
  item.append(link, element("p", "quiet", figures.join(" · ")));
  return item;
}

function whole(value) {
  return isCount(value) ? value : 0;
}

function goTo() {
  const form = element("form", "line-form");
  const { place, input } = field("roomNumber", { inputMode: "numeric", autocomplete: "off", dir: "ltr" });
  const problem = element("p", "refused");
  problem.setAttribute("role", "alert");
  form.onsubmit = (event) => {
    event.preventDefault();
    const number = roomNumber(input.value);
    problem.textContent = number ? "" : words.say("wrongRoom");
    if (number) location.assign(addressOf(number));
  };
  form.append(place, element("button", "", words.say("open")), problem);
  return form;
}
