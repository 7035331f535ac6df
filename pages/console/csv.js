/** Tables as CSV (RFC 4180), in which no spreadsheet computes what viewers wrote. */

const SIGNS = "=+\\-@＝＋－＠﹦﹢﹣﹫";
// As in an export by the command line: https://owasp.org/www-community/attacks/CSV_Injection
const UNSAFE = new RegExp(`(?<![\\p{L}\\p{N}_'${SIGNS}])(?='*[${SIGNS}])`, "gu");

/** Rows as CSV, with `columns` as the first row. A value that is an object is written as JSON. */
export function csv(columns, rows) {
  const table = [columns, ...rows.map((row) => columns.map((name) => row[name]))];
  return table.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function cell(value) {
  if (value === undefined || value === null) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const written = typeof value === "object" ? JSON.stringify(value) : String(value);
  const safe = written.replace(UNSAFE, "'");
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
