/** Rows of a list, each made of something that the API lists. */

import { drawn, element, fields } from "../shared/foreign.js";

/** The rows that can be drawn: what nobody can draw is left out, and does not keep the others from being shown. */
export function rowsOf(items, draw) {
  const rows = (Array.isArray(items) ? items : []).map((item) => drawn("row", () => draw(fields(item))));
  return rows.filter(Boolean);
}

/** Put these rows into a list, or a line that says that there are none. */
export function fill(list, rows, none) {
  list.replaceChildren(...(rows.length ? rows : [element("li", "quiet", none)]));
}
