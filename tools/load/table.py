"""The figures of a load, for people."""

from collections.abc import Iterable, Iterator

from tools.load.outcome import Json


def table(outcome: Json) -> str:
    """A line for each figure, and the verdict."""
    rows = list(_rows(outcome))
    width = max(len(name) for name, _ in rows)
    lines = [f"  {name:<{width}}  {text}" for name, text in rows]
    return "\n".join(["", *lines, "", *_verdict(outcome)])


def _verdict(outcome: Json) -> list[str]:
    if outcome["problems"]:
        return [f"WRONG: {problem}" for problem in outcome["problems"]]
    left_out = outcome["chats"]["left_out"]
    exception = f", but for {left_out:,} left out as told" if left_out else ""
    return [f"All chats came once, in order, to everyone there{exception}."]


def _rows(outcome: Json) -> Iterator[tuple[str, str]]:
    settings, viewers, sent, chats = (outcome[name] for name in ("settings", "viewers", "sent", "chats"))
    vanished = f", {viewers['vanished']:,} vanished" if viewers["vanished"] else ""
    yield "viewers", f"{viewers['at_end']:,} of {viewers['wanted']:,} there at the end{vanished}"
    yield "rooms", f"{settings['rooms']:,}, {settings['framing']}, {settings['mode']}"
    yield "run", f"{outcome['seconds']:g} s, after {outcome['connect_seconds']:g} s of connecting"
    yield "sent", ", ".join(f"{number:,} {what}s" for what, number in sent.items()) or "nothing"
    yield "chats accepted", f"{outcome['accepted_chats']:,}; {outcome['unanswered_chats']:,} unanswered"
    yield "reply to a chat", _times(outcome["reply_ms"])
    yield "send to receipt", _times(outcome["latency_ms"])
    yield "chats due", _chats(chats)
    frames, size = outcome["frames_per_viewer_second"], outcome["bytes_per_viewer_second"]
    yield "a viewer's second", f"{frames:g} frames, {size:,} bytes"
    if not viewers["at_end"]:
        yield "online count", "there was nobody to be told it"
    else:
        yield "online count", "right" if not outcome["count_error"] else f"wrong by {outcome['count_error']:,}"
    yield from _mode_rows(outcome)
    if read := outcome.get("gallery"):
        yield from _gallery_rows(read)
    yield "refused handshakes", _counts(outcome["refused_handshakes"])
    yield "dropped connections", _counts(outcome["dropped"])
    yield "refused frames", _counts(outcome["refused_frames"])
    yield "this load's CPU", _cpu(outcome["load_cpu"])


def _mode_rows(outcome: Json) -> Iterator[tuple[str, str]]:
    if slow := outcome.get("slow"):
        yield "slow: send to receipt", _times(slow["latency_ms"])
        yield "slow: chats due", _chats(slow["chats"])
        yield "slow: dropped", _counts(slow["dropped"])
    if storm := outcome.get("storm"):
        yield "storm", _after("all were back", storm["seconds_until_all_were_back"])
    if vanish := outcome.get("vanish"):
        yield "vanishing", _after("the count was right", vanish["seconds_until_count_was_right"])


def _gallery_rows(read: Json) -> Iterator[tuple[str, str]]:
    readers, chats = read["readers"], read["chats"]
    yield "readers", f"{readers['at_end']:,} of {readers['wanted']:,} there at the end"
    yield "readers: send to read", _times(read["latency_ms"])
    yield "readers: chats due", _numbers(chats, "due", ("read", "lost", "left_out"))
    each = f"{read['reads_per_reader_second']:g} reads, {read['bytes_per_reader_second']:,} bytes"
    yield "a reader's second", each
    yield "requests", f"{_counts(read['requests'])}; {read['bytes']:,} bytes"
    yield "slots missed", f"{read['slots_missed']:,}, in {read['gaps']:,} gaps"
    yield "failed reads", _counts(read["failed_reads"])
    yield "refused places", _counts(read["refused_places"])


def _after(what: str, seconds: float | None) -> str:
    return f"{what} after {seconds:g} s" if seconds is not None else f"it did not come to an end: never {what}"


def _times(times: Json) -> str:
    if not times["count"]:
        return "none"
    figures = ", ".join(f"{name} {times[name]:,.0f} ms" for name in ("p50", "p95", "p99", "max"))
    return f"{figures} ({times['count']:,})"


def _chats(chats: Json) -> str:
    return _numbers(chats, "due", ("lost", "repeated", "out_of_order", "left_out"))


def _numbers(of: Json, whole: str, parts: Iterable[str]) -> str:
    return ", ".join([f"{of[whole]:,} in all", *(f"{of[name]:,} {name.replace('_', ' ')}" for name in parts)])


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{number:,} × {what}" for what, number in counts.items()) or "none"


def _cpu(shares: list[float]) -> str:
    text = ", ".join(f"{share:.0%}" for share in shares) + " of a core"
    busy = max(shares) > 0.9
    return f"{text}: too busy for its own figures, take more --processes" if busy else text
