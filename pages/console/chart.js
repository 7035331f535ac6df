/** A chart of a curve, drawn as SVG. */

import { element } from "../shared/foreign.js";
import { counted } from "../shared/languages.js";
import { ceiling, path, peak } from "./curve.js";
import { day, words } from "./wording.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 560, HEIGHT = 130;

/** A figure with the chart of `points`. `key`: of its name. */
export function chart(key, points) {
  const most = peak(points);
  const name = words.say(key);
  const said = most && { name, count: most.value, time: day(most.time) };
  const says = most ? words.say("chartSays", said) : words.say("chartEmpty", { name });
  const svg = made("svg", { viewBox: `-1 -2 ${WIDTH + 2} ${HEIGHT + 4}`, role: "img", preserveAspectRatio: "none" });
  svg.ariaLabel = says;
  const line = path(points.length === 1 ? [points[0], points[0]] : points, WIDTH, HEIGHT);
  if (points.length) {
    svg.append(
      made("line", { class: "grid", x1: 0, y1: HEIGHT / 2, x2: WIDTH, y2: HEIGHT / 2 }),
      made("polygon", { class: "area", points: `0,${HEIGHT} ${line} ${WIDTH},${HEIGHT}` }),
      made("polyline", { class: "curve", points: line }),
    );
  }
  const caption = element("figcaption", "", name);
  const scale = element("p", "scale quiet");
  if (most) {
    const ends = element("span", "", `${day(points[0].time)} – ${day(points.at(-1).time)}`);
    scale.append(element("span", "", `0 – ${counted(ceiling(most.value))}`), ends);
  }
  const figure = element("figure", "chart");
  figure.append(caption, svg, scale);
  return figure;
}

function made(tag, attributes) {
  const one = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, String(value));
  return one;
}
