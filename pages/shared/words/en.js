/** What every page says, in English. A text with a count may have a form for one: { one, other }. */

export default {
  somebody: "somebody",
  andMore: "and {count} more",
  colon: "{name}: {value}",
  level: "Lv. {level}",
  open: "Open {host} ↗",
};
