import { LiveRoom } from "../../lib/live.js";
import { weapp } from "../../lib/weapp.js";
import { api, url } from "../../config.js";

const KEPT = 300; // rows
const SHOW_MS = 200; // setData is slow, so chats are shown together

const REASONS = {
  banned: "你已被禁止进入该直播间",
  banned_everywhere: "你已被禁止进入",
  name_rejected: "该昵称不可用",
  token_expired: "登录已过期",
  too_often: "操作太频繁",
  unreachable: "网络不可用",
};

Page({
  data: { status: "连接中", online: 0, likes: 0, chats: [], last: "", text: "" },

  /** The page's query says which room, and who comes: `?room=42&name=alice` */
  onLoad({ room: activityId = 42, name: username = "游客" }) {
    this.waiting = [];
    this.room = new LiveRoom({ url, api, activityId, username, ...weapp(wx) });
    this.room.on("state", (state) => this.setData({ status: this.said(state) }));
    this.room.on("welcome", ({ onlineNumber, zanNumber }) => this.setData({ online: onlineNumber, likes: zanNumber }));
    this.room.on("online", ({ onlineNumber }) => this.setData({ online: onlineNumber }));
    this.room.on("likes", ({ zanNumber }) => this.setData({ likes: zanNumber }));
    this.room.on("chat", ({ seq, fromusername, textMessage }) => this.add({ seq, name: fromusername, text: textMessage }));
    this.room.on("removed", ({ seq }) => this.remove(seq));
    this.room.connect();
  },

  onUnload() {
    clearTimeout(this.timer);
    this.room.close();
  },

  said({ name, reason }) {
    if (name === "open") return "已连接";
    if (name === "connecting") return "连接中";
    return REASONS[reason] || (name === "closed" ? "已断开" : "正在重连");
  },

  add(chat) {
    this.waiting.push(chat);
    if (this.timer) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      const chats = this.data.chats.concat(this.waiting).slice(-KEPT);
      this.waiting = [];
      const newest = chats[chats.length - 1];
      this.setData({ chats, last: newest ? `chat-${newest.seq}` : "" });
    }, SHOW_MS);
  },

  remove(seq) {
    const others = (chat) => chat.seq !== seq;
    this.waiting = this.waiting.filter(others);
    this.setData({ chats: this.data.chats.filter(others) });
  },

  write({ detail }) {
    this.setData({ text: detail.value });
  },

  send() {
    this.room.say(this.data.text).then(
      () => this.setData({ text: "" }),
      ({ message }) => wx.showToast({ title: message, icon: "none" }),
    );
  },

  like() {
    this.room.like();
  },
});
