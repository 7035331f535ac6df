/** The message box: what is being written, to whom, and in reply to what. */

import { bdi, text } from "../shared/foreign.js";
import { countdown } from "./countdown.js";
import { isPositive, words } from "./wording.js";

const MOST = 500; // characters of a chat, as the room counts them: code points after trimming
const NEAR = 400; // from here on the count is shown

export class Composer {
  #form;
  #box;
  #button;
  #send;
  #live = false;
  #wait = 0; // seconds until the room takes a chat again
  #stop = () => {};
  #to = null;
  #reply = null;

  /** `send(draft)` gets what is to be sent, as an outbox takes it. */
  constructor(form, send) {
    this.#form = form;
    this.#box = this.#one("message");
    this.#button = this.#one("send");
    this.#send = send;
    form.onsubmit = (event) => {
      event.preventDefault();
      this.#submit();
    };
    form.addEventListener("keydown", (event) => this.#key(event));
    this.#box.oninput = () => this.#count();
    this.#one("private-end").onclick = () => this.writeTo(null);
    this.#one("reply-end").onclick = () => this.replyTo(null);
  }

  /** Whether the room hears the viewer now. */
  set live(live) {
    this.#live = live;
    this.#update();
  }

  set placeholder(said) {
    this.#box.placeholder = said;
  }

  /** Write to `user` alone, { id, shown }; null: to everybody. */
  writeTo(user) {
    this.#to = user;
    this.#one("private").hidden = user === null;
    this.#name("private-line", "onlyTo", user?.shown);
    this.#box.focus();
  }

  /** Reply to a chat, { seq, who, said }; null: to none. */
  replyTo(chat) {
    this.#reply = chat;
    this.#one("replying").hidden = chat === null;
    this.#name("reply-line", "replyingTo", chat?.who);
    this.#one("reply-text").textContent = chat?.said ?? "";
    this.#box.focus();
  }

  /** Put a draft back into the box, before what is there. */
  edit({ message, to, shown }) {
    this.#box.value = [message, this.#box.value].filter(Boolean).join(" ");
    this.writeTo(to ? { id: to, shown } : null);
    this.#count();
  }

  /** The room takes no chat for so long. */
  wait(seconds) {
    if (!isPositive(seconds)) return;
    this.#stop();
    this.#stop = countdown(seconds, (left) => {
      this.#wait = left;
      this.#update();
    });
  }

  /** The room may take a chat again: the reason to wait is gone. */
  waited() {
    this.#stop();
    this.#wait = 0;
    this.#update();
    this.say("");
  }

  /** A line below what is written, such as why it is not sent. */
  say(line) {
    this.#one("refused").textContent = line;
  }

  clear() {
    this.#box.value = "";
    this.writeTo(null);
    this.replyTo(null);
    this.waited();
    this.#count();
  }

  #submit() {
    const message = this.#box.value.trim();
    if (!message || this.#button.disabled) return;
    this.say("");
    if (length(message) > MOST) return this.say(words.say("too_long"));
    this.#box.value = "";
    this.#count();
    const private_ = this.#to && { to: this.#to.id, shown: this.#to.shown };
    this.#send({ message, ...private_, ...(this.#reply && { extra: { replyTo: this.#reply.seq } }) });
    if (this.#reply) this.replyTo(null);
  }

  #key(event) {
    if (event.key !== "Escape" || event.isComposing) return;
    if (this.#reply) this.replyTo(null);
    else if (this.#to) this.writeTo(null);
  }

  #count() {
    const used = length(this.#box.value.trim());
    const counter = this.#one("counter");
    counter.hidden = used < NEAR;
    counter.textContent = words.say("used", { used: text(used), most: MOST });
    counter.classList.toggle("warning", used > MOST);
  }

  /** Write the words `key` with a name in them. */
  #name(id, key, name = "") {
    this.#one(id).replaceChildren(...words.parts(key, { name: bdi(name) }));
  }

  #update() {
    this.#button.disabled = !this.#live || this.#wait > 0;
    this.#button.textContent = this.#wait > 0 ? words.say("sendIn", { seconds: this.#wait }) : words.say("send");
  }

  #one(id) {
    return this.#form.querySelector(`#${id}`);
  }
}

function length(message) {
  return [...message].length;
}
