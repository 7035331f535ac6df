"""The figures of a load, put together from those of its processes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from tools.load.histogram import Histogram
from tools.load.options import LoadOptions
from tools.load.presence import OTHERS, SLOW, Verdict, judge

Json = dict[str, Any]


def merge(
    options: LoadOptions, workers: Sequence[Json], *, right_again: float | None = None, gallery: Json | None = None
) -> Json:
    """What `--json` writes. `right_again`: when the count was right after viewers had vanished, time.monotonic().
    `gallery`: the figures of the readers, if there are any."""
    judged = verdicts(workers)
    here, gone = sum(each["here"] for each in workers), sum(each["gone"] for each in workers)
    played = [each["played"] for each in workers]
    seconds = max(each["seconds"] for each in played)
    per_viewer = options.viewers * seconds or 1
    outcome: Json = {
        "settings": asdict(options),
        "began_at": round(min(each["began"] for each in played), 3),
        "seconds": round(seconds, 3),
        "viewers": {"wanted": options.viewers, "vanished": gone, "at_end": here},
        "connect_seconds": round(max(each["connect_seconds"] for each in workers), 3),
        "refused_handshakes": _sum(each["refused_handshakes"] for each in workers),
        "dropped": _sum(each["dropped"][OTHERS] for each in workers),
        "sent": _sum(each["sent"] for each in workers),
        "accepted_chats": sum(each["accepted"] for each in workers),
        "refused_frames": _sum(each["refused_frames"] for each in workers),
        "reply_ms": _times(each["reply_times"] for each in workers),
        "latency_ms": _latency(workers, OTHERS),
        "chats": asdict(judged[OTHERS]),
        "frames": sum(each["frames"] for each in played),
        "frames_per_viewer_second": round(sum(each["frames"] for each in played) / per_viewer, 3),
        "bytes_per_viewer_second": round(sum(each["bytes"] for each in played) / per_viewer),
        "count_error": _count_error([*workers, gallery] if gallery else workers),
        "load_cpu": [round(each["cpu"], 3) for each in played],
    }
    answered = outcome["accepted_chats"] + sum(outcome["refused_frames"].values())
    outcome["unanswered_chats"] = max(0, outcome["sent"].get("chat", 0) - answered)
    outcome |= _of_mode(options, workers, judged, right_again)
    if gallery:
        if options.processes > 1:  # else the readers are in the process of the viewers
            outcome["load_cpu"].append(round(gallery["played"]["cpu"], 3))
        outcome["gallery"] = _of_gallery(options, workers, gallery)
    return {**outcome, "problems": problems(outcome)}


def problems(outcome: Json) -> list[str]:
    """What did not go as it should; the exit status is 0 when there is nothing."""
    chats, viewers = outcome["chats"], outcome["viewers"]
    absent = viewers["wanted"] - viewers["vanished"] - viewers["at_end"]
    found = [
        (chats["lost"], "chats were lost"),
        (chats["repeated"], "chats came twice"),
        (chats["out_of_order"], "chats came out of order"),
        (absent, "viewers were not there at the end"),
        (outcome["count_error"], "users: by so many the online count was wrong at the end"),
    ]
    if read := outcome.get("gallery"):
        found += [
            (read["chats"]["lost"], "chats were lost in the gallery"),
            (read["readers"]["wanted"] - read["readers"]["at_end"], "readers were not there at the end"),
        ]
    return [f"{number:,} {what}" for number, what in found if number]


def _of_gallery(options: LoadOptions, workers: Sequence[Json], gallery: Json) -> Json:
    """What readers got of what was said. A reader drops what comes twice, so only what is missing is told."""
    due = lost = left_out = 0
    for rooms in zip(gallery["rooms"], *(each["rooms"] for each in workers), strict=True):
        reference = sorted({seq for room in rooms for seq in (*room["seqs"], *room["accepted"])})
        for presence, times in rooms[0]["presences"].items():
            verdict = judge(presence, rooms[0]["seqs"], reference)
            due, lost = due + verdict.due * times, lost + verdict.lost * times
            left_out += verdict.left_out * times
    played = gallery["played"]
    reader_seconds = gallery["here"] * played["seconds"] or 1
    return {
        "readers": {"wanted": options.gallery, "at_end": gallery["here"]},
        "place_seconds": round(gallery["place_seconds"], 3),
        "latency_ms": _times([gallery["latencies"]]),
        "chats": {"due": due, "read": due - lost - left_out, "lost": lost, "left_out": left_out},
        "requests": dict(gallery["requests"]),
        "reads_per_reader_second": round(played["slots"] / reader_seconds, 3),
        "bytes": gallery["bytes"],
        "bytes_per_reader_second": round(played["bytes"] / reader_seconds),
        "gaps": gallery["gaps"],
        "slots_missed": gallery["slots_missed"],
        "failed_reads": dict(gallery["failures"]),
        "refused_places": dict(gallery["refusals"]),
    }


def _of_mode(options: LoadOptions, workers: Sequence[Json], judged: dict[int, Verdict], right: float | None) -> Json:
    disturbed = [each["disturbed"] for each in workers if each["disturbed"] is not None]
    if options.mode == "slow":
        dropped = _sum(each["dropped"][SLOW] for each in workers)
        return {"slow": {"latency_ms": _latency(workers, SLOW), "chats": asdict(judged[SLOW]), "dropped": dropped}}
    if options.mode == "storm":
        back = [each["recovered"] for each in workers]
        ended = None if None in back or not disturbed else max(back)
        return {"storm": {"seconds_until_all_were_back": _since(disturbed, ended)}}
    if options.mode == "vanish":
        return {"vanish": {"seconds_until_count_was_right": _since(disturbed, right)}}
    return {}


def _since(began: Sequence[float], ended: float | None) -> float | None:
    return round(ended - min(began), 2) if began and ended is not None else None


def verdicts(workers: Sequence[Json]) -> dict[int, Verdict]:
    """Each presence against all chats of its room that any viewer of any process saw, or was told were accepted."""
    total = {OTHERS: Verdict(), SLOW: Verdict()}
    for rooms in zip(*(each["rooms"] for each in workers), strict=True):
        reference = sorted({seq for room in rooms for seq in (*room["seqs"], *room["accepted"])})
        for room in rooms:
            for presence, times in room["presences"].items():
                total[presence.group].add(judge(presence, room["seqs"], reference), times)
    return total


def counts_are_right(workers: Sequence[Json]) -> bool:
    """Whether all viewers of each room were last told how many are there, by the `counts` of each worker."""
    return all(each["counts"] for each in workers) and _count_error(workers) == 0


def _count_error(workers: Sequence[Json]) -> int:
    """The largest difference between a count that some viewer was last told and the true one."""
    error = 0
    for rooms in zip(*(each["counts"] for each in workers), strict=True):
        here = sum(room[0] for room in rooms)
        # A process without a viewer in the room has been told nothing.
        told = [number for room in rooms if room[0] for number in room[1:]]
        error = max([error, *(abs(number - here) for number in told)])
    return error


def _sum(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(total.most_common())


def _latency(workers: Sequence[Json], group: int) -> Json:
    return _times(each["latencies"][group] for each in workers)


def _times(histograms: Iterable[Histogram]) -> Json:
    """Milliseconds, or None when there is nothing."""
    total = Histogram()
    for histogram in histograms:
        total.merge(histogram)
    figures: Json = {f"p{percent}": _ms(total.percentile(percent)) for percent in (50, 95, 99)}
    return {**figures, "max": _ms(total.greatest if total.total else None), "count": total.total}


def _ms(microseconds: int | None) -> float | None:
    return None if microseconds is None else round(microseconds / 1000, 1)
