/** A curve by the minute, as points of a chart: numbers alone, drawn by chart.js. */

export const MINUTE_MS = 60_000;
const MOST_POINTS = 240;

/**
 * The value of each minute from the first to the last of `minutes`, which may leave out some. `name`: of the figure.
 * `isLevel`: it goes on until the next one, like a count of people; else a minute without one has 0.
 * Of more than MOST_POINTS minutes, several are one point: the largest of them.
 */
export function curve(minutes, name, { isLevel = false } = {}) {
  const known = new Map();
  for (const one of Array.isArray(minutes) ? minutes : []) {
    const time = Number(one?.time), value = Number(one?.[name]);
    if (!(Number.isFinite(time) && time >= 0 && Number.isFinite(value))) continue;
    known.set(Math.floor(time / MINUTE_MS), Math.max(0, value));
  }
  if (known.size === 0) return [];
  const times = [...known.keys()];
  const first = times.reduce((a, b) => Math.min(a, b)), last = times.reduce((a, b) => Math.max(a, b));
  const width = Math.max(1, Math.ceil((last - first + 1) / MOST_POINTS));
  return isLevel ? levels(known, first, last, width) : sums(known, first, last, width);
}

function levels(known, first, last, width) {
  const ordered = [...known].sort(([a], [b]) => a - b);
  const points = [];
  let at = 0, level = 0;
  for (let start = first; start <= last; start += width) {
    let most = level;
    for (; at < ordered.length && ordered[at][0] < start + width; at += 1) {
      level = ordered[at][1];
      most = points.length === 0 && at === 0 ? level : Math.max(most, level);
    }
    // A point of one minute has the level of that minute, of several the largest.
    points.push({ time: start * MINUTE_MS, value: width === 1 ? level : most });
  }
  return points;
}

function sums(known, first, last, width) {
  const points = [];
  const most = new Map();
  for (const [minute, value] of known) {
    const slot = Math.floor((minute - first) / width);
    most.set(slot, Math.max(most.get(slot) ?? 0, value));
  }
  for (let slot = 0; first + slot * width <= last; slot += 1) {
    points.push({ time: (first + slot * width) * MINUTE_MS, value: most.get(slot) ?? 0 });
  }
  return points;
}

/** The largest point; undefined of none. */
export function peak(points) {
  return points.reduce((most, point) => (most === undefined || point.value > most.value ? point : most), undefined);
}

/** A round number that is not below `value`: 1, 2 or 5 with zeros behind it. */
export function ceiling(value) {
  if (!(value > 1)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value * (1 - 1e-9));
}

/** The points in a box of `width` and `height`, the first at the left and 0 at the bottom, as `x,y` of SVG. */
export function path(points, width, height) {
  const top = ceiling(peak(points)?.value ?? 0);
  const step = points.length > 1 ? width / (points.length - 1) : 0;
  return points.map(({ value }, at) => `${round(at * step)},${round(height - (value / top) * height)}`).join(" ");
}

function round(number) {
  return Math.round(number * 10) / 10;
}
