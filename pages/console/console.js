/** The console page: who calls, which room, and the parts that this caller may use. */

import { isolated } from "../shared/foreign.js";
import { stageAddresses } from "../shared/stage_addresses.js";
import { forgetToken, keptToken } from "../shared/token.js";
import { Api } from "./api.js";
import { Audit } from "./audit.js";
import { Deeds } from "./deeds.js";
import { ask } from "./entry.js";
import { Exports } from "./exports.js";
import { ListedWords } from "./listed_words.js";
import { Menu } from "./menu.js";
import { Outcomes } from "./outcomes.js";
import { Panels } from "./panels.js";
import { People } from "./people.js";
import { Publish } from "./publish.js";
import { Report } from "./report.js";
import { RoomPart } from "./room_part.js";
import { Rooms, roomNumber } from "./rooms.js";
import { RulesForm } from "./rules.js";
import { InForce, SanctionsPanel } from "./sanctions.js";
import { help, listen } from "./shortcuts.js";
import { day, failure, words } from "./wording.js";

const CAPABILITIES = ["moderate", "publish", "admin"];
const SOON_MS = 5000, OFTEN_MS = 10_000;
const $ = (id) => document.getElementById(id);

async function start() {
  words.fill();
  const token = keptToken();
  if (location.hash.includes("token=")) history.replaceState(null, "", location.pathname + location.search);
  const addresses = await stageAddresses();
  const api = new Api(addresses.api, token);
  let caller;
  try {
    caller = await api.get("/caller");
  } catch (error) {
    const isMissing = error.kind === "unauthorized" && !token;
    return ask(isMissing ? words.say("needsToken") : failure(error), { needsToken: true });
  }
  if (!CAPABILITIES.some((one) => caller.caps.includes(one))) return ask(words.say("noParts"), { needsToken: true });
  const activityId = roomOf(caller);
  const isPlatformsAdmin = caller.platform && caller.caps.includes("admin");
  if (!activityId && !isPlatformsAdmin) return ask(words.say("needsRoom"), { needsToken: false, needsRoom: true });
  show(caller, activityId, Boolean(token));
  const panels = new Panels($("tabs"), $("panels"));
  const outcomes = new Outcomes($("outcomes"));
  outcomes.ondone = () => panels.refresh();
  if (activityId) openRoom({ api, addresses, token, caller, activityId, panels, outcomes });
  else openPlatform({ api, caller, panels, outcomes });
}

/** The room of the address, else the only one that the token is for. */
function roomOf(caller) {
  const asked = roomNumber(new URLSearchParams(location.search).get("room"));
  return asked ?? (caller.rooms?.length === 1 ? String(caller.rooms[0]) : undefined);
}

function show(caller, activityId, hasToken) {
  const { mode, name, exp } = caller;
  $("console").hidden = false;
  $("title").textContent = activityId ? words.say("consoleOf", { room: activityId }) : words.say("console");
  document.title = activityId ? words.say("pageTitle", { room: activityId }) : words.say("console");
  const until = exp === null ? "" : day(exp * 1000);
  const holder = until ? words.say("expires", { name: isolated(name), time: until }) : name;
  $("who").textContent = mode === "open" ? words.say("openMode") : holder;
  $("leave").hidden = !hasToken;
  $("leave").onclick = () => {
    forgetToken();
    location.assign(location.pathname);
  };
  $("help").onclick = () => help($("keys"));
  document.body.classList.toggle("no-room", !activityId);
}

function openRoom({ api, addresses, token, caller, activityId, panels, outcomes }) {
  const may = (capability) => caller.caps.includes(capability);
  const inForce = new InForce(api, activityId);
  const held = (action, userId) => inForce.of(action, userId);
  const deeds = new Deeds(api, activityId, held);
  const room = new RoomPart({ api, activityId, outcomes, deeds });
  const menu = new Menu($("menu"), { deeds, outcomes, caller, inForce: held });
  room.onmenu = (about) => menu.open(about);
  menu.ononly = (userId) => room.only(userId);
  const onchosen = (user) => menu.open({ user });
  const people = new People(api, activityId, may("moderate") ? inForce : null, onchosen);
  $("figures").hidden = false;
  addChatTab(panels);
  panels.add("people", people, OFTEN_MS);
  if (may("moderate")) addModeration({ api, activityId, caller, panels, room, deeds, outcomes, inForce, onchosen });
  if (may("publish")) {
    const publish = new Publish(api, activityId, deeds, outcomes);
    room.on.properties = (properties) => publish.show(properties);
    panels.add("publish", publish, OFTEN_MS);
  }
  if (may("admin")) addReport({ api, activityId, caller, panels });
  addPlatform({ api, caller, deeds, panels, outcomes });
  let soon;
  room.on.crowd = () => {
    clearTimeout(soon);
    if (document.body.dataset.panel === "people") soon = setTimeout(() => panels.refresh(), 1000);
  };
  listen({ ...room.keys, u: () => outcomes.undo(), "?": () => help($("keys")) });
  panels.open(matchMedia("(max-width: 900px)").matches ? "chat" : "people");
  room.enter({ addresses, token, caller });
}

function addModeration({ api, activityId, caller, panels, room, deeds, outcomes, inForce, onchosen }) {
  const isPlatform = caller.platform;
  panels.add("sanctions", new SanctionsPanel(api, { inForce, deeds, outcomes, isPlatform, onchosen }), SOON_MS);
  const audit = new Audit(api, activityId);
  audit.onact = (act) => room.act(act);
  panels.add("audit", audit);
  audit.follow();
  // Known before the first menu is opened; a failure is said by the panel.
  inForce.read().catch(() => {});
  $("rules").hidden = false;
  $("rules").onsubmit = (event) => event.preventDefault();
  const change = (wanted, present) => outcomes.perform(deeds.settings(wanted, present));
  const rules = new RulesForm($("slow"), $("freeze"), change);
  room.on.settings = (settings) => rules.show(settings);
  // A welcome tells them, too, where there is one.
  api.get(`/activities/${activityId}`).then(({ settings }) => rules.show(settings), () => {});
}

function addReport({ api, activityId, caller, panels }) {
  const report = new Report(api, activityId, () => panels.refresh());
  report.element.append(new Exports(api, activityId, { report: () => report.shown, caps: caller.caps }).element);
  panels.add("report", report, OFTEN_MS);
}

/** What is about all rooms. */
function addPlatform({ api, caller, deeds, panels, outcomes }) {
  const isPlatformsAdmin = caller.platform && caller.caps.includes("admin");
  if (isPlatformsAdmin) panels.add("words", new ListedWords(api, deeds, outcomes));
  panels.add("rooms", new Rooms(isPlatformsAdmin ? api : null), OFTEN_MS);
}

function openPlatform({ api, caller, panels, outcomes }) {
  addPlatform({ api, caller, deeds: new Deeds(api, 0, () => undefined), panels, outcomes });
  listen({ u: () => outcomes.undo(), "?": () => help($("keys")) });
  panels.open("rooms");
}

/** On a narrow window the chat is one of the panels; on a wide one it is always there. */
function addChatTab(panels) {
  panels.add("chat", { element: document.createElement("div") });
}

addEventListener("hashchange", () => location.reload());
start();
