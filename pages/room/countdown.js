/** Counts seconds down, and tells each of them. */

const LONGEST_SECONDS = 1e6; // a timer ends at once beyond 2^31 ms

/** Call `tell` with the whole seconds that are left, now and each second, at last with 0. Returns what stops it. */
export function countdown(seconds, tell) {
  const end = performance.now() + Math.min(seconds, LONGEST_SECONDS) * 1000;
  let timer;
  const next = () => {
    const left = end - performance.now();
    tell(Math.max(0, Math.ceil(left / 1000)));
    if (left > 0) timer = setTimeout(next, left % 1000 || 1000);
  };
  next();
  return () => clearTimeout(timer);
}
