/** The stream: the video that `?src=` names, or a sample of the project's own. */

import { web } from "../shared/card.js";
import { words } from "./wording.js";

const SAMPLES = ["sample.webm", "sample.mp4"];

/** Play in `video`; `line` says what is wrong, if it cannot. `sound` is shown if the stream may have some. */
export function playStream(video, { line, sound, asked }) {
  const address = asked ? web(asked) : "";
  if (asked && !address) return say(line, "streamRefused");
  const sources = address ? [address] : SAMPLES.map((name) => new URL(name, import.meta.url).href);
  video.append(...sources.map((src) => Object.assign(document.createElement("source"), { src })));
  // The error is the last source's: the earlier ones were only tried.
  video.lastElementChild.onerror = () => {
    video.hidden = true;
    say(line, "streamFailed");
  };
  video.muted = true; // else no browser plays it by itself
  video.loop = !address;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  video.controls = still; // then it waits until it is wanted
  video.autoplay = !still;
  sound.hidden = !address || still;
  sound.onclick = () => {
    video.muted = !video.muted;
    sound.ariaPressed = String(!video.muted);
  };
  video.load();
}

function say(line, key) {
  line.textContent = words.say(key);
}
