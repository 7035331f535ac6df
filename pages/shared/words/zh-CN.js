/** What every page says, in simplified Chinese. */

export default {
  somebody: "某人",
  andMore: "还有 {count} 项",
  colon: "{name}：{value}",
  level: "{level} 级",
  open: "打开 {host} ↗",
};
