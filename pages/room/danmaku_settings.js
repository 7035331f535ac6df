/** How messages fly, as the viewer likes it: kept in the browser, for all rooms. */

const KEY = "danmaku";
const RANGES = { opacity: [0.2, 1], size: [0.6, 1.6], speed: [0.5, 2] };
const AREAS = ["quarter", "half", "all"];

export class DanmakuSettings {
  on = true;
  opacity = 1;
  size = 1;
  speed = 1;
  area = "all";

  constructor() {
    try {
      this.#take(JSON.parse(localStorage.getItem(KEY) ?? "{}"));
    } catch {
      // Nothing is kept, or what is kept cannot be read: the usual settings hold.
    }
  }

  /** Change some of them, and keep all. */
  change(changes) {
    this.#take(changes);
    try {
      localStorage.setItem(KEY, JSON.stringify(this));
    } catch {
      // The browser keeps nothing for this page.
    }
  }

  #take(values) {
    if (typeof values?.on === "boolean") this.on = values.on;
    if (AREAS.includes(values?.area)) this.area = values.area;
    for (const [name, [least, most]] of Object.entries(RANGES)) {
      const value = Number(values?.[name]);
      if (value >= least && value <= most) this[name] = value;
    }
  }
}

/** Bind the settings to the controls: the switch, and the panel with an input for each. `changed` is called after. */
export function bind(settings, { toggle, more, panel, layer, changed }) {
  const show = () => {
    toggle.ariaPressed = String(settings.on);
    layer.style.setProperty("--opacity", settings.opacity);
    layer.style.setProperty("--size", settings.size);
    for (const input of panel.querySelectorAll("[name]")) input.value = String(settings[input.name]);
  };
  const change = (changes) => {
    settings.change(changes);
    show();
    changed();
  };
  const open = (isOpen) => {
    panel.hidden = !isOpen;
    more.ariaExpanded = String(isOpen);
  };
  toggle.onclick = () => change({ on: !settings.on });
  more.onclick = () => open(panel.hidden);
  panel.oninput = ({ target }) => change({ [target.name]: target.value });
  panel.onsubmit = (event) => event.preventDefault();
  panel.onkeydown = ({ key }) => {
    if (key !== "Escape") return;
    open(false);
    more.focus();
  };
  show();
}
