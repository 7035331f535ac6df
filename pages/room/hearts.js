/** Hearts that rise over the stream. */

import { isStill } from "./danmaku.js";

const MOST = 24; // at once
const AT_ONCE = 5;

export class Hearts {
  #layer;
  #rising = 0;

  constructor(layer) {
    this.#layer = layer;
  }

  /** Let up to five hearts rise. */
  rise(count) {
    if (isStill()) return;
    for (let left = Math.min(count, AT_ONCE); left > 0 && this.#rising < MOST; left -= 1) this.#heart();
  }

  clear() {
    this.#layer.replaceChildren();
    this.#rising = 0;
  }

  #heart() {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", "#heart");
    svg.setAttribute("class", "rising heart");
    svg.append(use);
    this.#layer.append(svg);
    const aside = (Math.random() - 0.5) * 90;
    const path = [
      { transform: "translate(0, 0) scale(0.4)", opacity: 0 },
      { transform: `translate(${aside / 3}px, -50px) scale(1)`, opacity: 1, offset: 0.2 },
      { transform: `translate(${aside}px, -230px) scale(1.1)`, opacity: 0 },
    ];
    this.#rising += 1;
    const options = { duration: 1800 + Math.random() * 900, delay: Math.random() * 300, fill: "backwards" };
    svg.animate(path, options).onfinish = () => {
      svg.remove();
      this.#rising = Math.max(0, this.#rising - 1);
    };
  }
}
