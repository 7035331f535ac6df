/** What a show has come to: figures, curves by the minute, who is ahead; live, or of any time. */

import { bdi, drawn, element, name } from "../shared/foreign.js";
import { counted } from "../shared/languages.js";
import { chart } from "./chart.js";
import { curve } from "./curve.js";
import { choices, field, heading } from "./form_fields.js";
import { fill, rowsOf } from "./rows.js";
import { span, words } from "./wording.js";

const HOUR_MS = 3_600_000;
const RANGES = new Map([
  ["lastHour", HOUR_MS], ["last3", 3 * HOUR_MS], ["lastDay", 24 * HOUR_MS], ["lastWeek", 168 * HOUR_MS],
]);
const OWN = "ownRange";
const CHARTS = [
  ["chartOnline", "onlineNumber", { isLevel: true }], ["chartChats", "chats", {}], ["chartLikes", "likes", {}],
];
const FIGURES = ["peakOnline", "averageOnline", "viewers", "chats", "chatters", "likes"];

export class Report {
  element = element("div", "stack");
  /** The report that is shown; undefined if none was read. */
  shown;
  #api;
  #room;
  #range = field("range", { tag: "select" });
  #from = field("from", { type: "datetime-local" });
  #to = field("untilTime", { type: "datetime-local" });
  #figures = element("dl", "figures");
  #charts = element("div", "charts");
  #estimated = element("p", "quiet");
  #longest = element("ol", "rows ranks");
  #active = element("ol", "rows ranks");

  /** `onrange` is called when another range was chosen. */
  constructor(api, activityId, onrange) {
    [this.#api, this.#room] = [api, `/activities/${activityId}`];
    choices(this.#range.input, [...RANGES.keys(), OWN].map((key) => [key, words.say(key)]));
    this.#range.input.value = "last3";
    const change = () => {
      for (const { place } of [this.#from, this.#to]) place.hidden = this.#range.input.value !== OWN;
      onrange();
    };
    for (const { input } of [this.#range, this.#from, this.#to]) input.onchange = change;
    for (const { place } of [this.#from, this.#to]) place.hidden = true;
    const ranges = element("div", "line-form");
    ranges.append(this.#range.place, this.#from.place, this.#to.place);
    this.element.append(ranges, this.#figures, this.#charts, this.#estimated);
    this.element.append(heading("longest"), this.#longest, heading("mostActive"), this.#active);
  }

  async refresh() {
    const [report, watched] = await Promise.all([
      this.#api.get(`${this.#room}/report`, this.#asked()),
      this.#api.get(`${this.#room}/watch-time`, { limit: 20 }),
    ]);
    this.shown = report;
    drawn("report", () => this.#draw(report, watched));
  }

  #asked() {
    const length = RANGES.get(this.#range.input.value);
    if (length) return { from: Date.now() - length };
    const [from, to] = [this.#from, this.#to].map(({ input }) => new Date(input.value).getTime());
    return { from: Number.isFinite(from) ? from : undefined, to: Number.isFinite(to) ? to : undefined };
  }

  #draw(report, watched) {
    const rows = FIGURES.map((key) => [key, counted(Math.round(report[key] * 10) / 10 || 0)]);
    rows.push(["watchTime", span(report.watchSeconds || 0)], ["watchEach", span(report.watchSecondsPerViewer || 0)]);
    this.#figures.replaceChildren(...rows.map(([key, value]) => {
      const one = element("div", "");
      one.append(element("dt", "", words.say(key)), Object.assign(element("dd", "", value), { id: `report-${key}` }));
      return one;
    }));
    const charts = CHARTS.map(([key, figure, options]) => chart(key, curve(report.minutes, figure, options)));
    this.#charts.replaceChildren(...charts);
    const estimated = Array.isArray(report.estimated) ? report.estimated : [];
    this.#estimated.textContent = estimated.length ? words.say("estimated", { names: estimated.join(", ") }) : "";
    rank(this.#longest, watched.users, ({ seconds }) => span(seconds));
    rank(this.#active, report.mostActive, ({ chats }) => counted(chats));
  }
}

function rank(list, users, said) {
  const row = (user) => {
    const made = element("li", "entry-row");
    made.append(bdi(name(user.userId), "name"), element("span", "quiet", said(user)));
    return made;
  };
  fill(list, rowsOf(users, row), words.say("nothingYet"));
}
