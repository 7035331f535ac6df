"""Each kind of broken promise, put into a clean history."""

from collections.abc import Callable
from dataclasses import replace

from functions.rooms.events import CHAT, JOIN, LEAVE
from functions.rooms.events import PROPERTIES as PROPERTIES_TYPE
from functions.rooms.events import SETTINGS as SETTINGS_TYPE
from functions.rooms.objects import COUNT, LIKES
from tests.chaos.history import Outcome, Screen, Stored
from tests.chaos.made import LIKED, Room, record


def without(screen: Screen, seq: int) -> None:
    screen.heard = [one for one in screen.heard if not (one.is_numbered and one.seq == seq)]


def lose_from_the_log(room: Room) -> None:
    room.history.live = [one for one in room.history.live if one.offset != 1]


def lose_from_the_save_topic(room: Room) -> None:
    room.history.saved = [one for one in room.history.saved if one.offset != 1]


def lose_from_the_archive(room: Room) -> None:
    room.history.stored = [one for one in room.history.stored if one.seq != 1]


def store_under_another_seq(room: Room) -> None:
    room.history.stored = [replace(one, seq=9999) if one.seq == 1 else one for one in room.history.stored]


def lose_a_notice_from_the_archive(room: Room) -> None:
    room.history.stored = [one for one in room.history.stored if one.seq != room.messages]


def lose_from_a_screen(room: Room) -> None:
    without(room.history.screens[0], 1)


def miss_while_away(room: Room) -> None:
    room.interrupt(room.history.screens[0], 1, 3)
    without(room.history.screens[0], 2)


def miss_an_unknown_one(room: Room) -> None:
    seq = room.messages + 2
    room.send(1, Outcome.UNKNOWN)
    value = {"messageType": CHAT, "userId": "u0", "id": "extra1"}
    room.history.live.append(record(seq, value))
    for screen in room.history.screens[1:]:
        screen.heard.append(room.shown(seq))


def miss_more_than_was_left_out(room: Room) -> None:
    room.interrupt(room.history.screens[0], 2, 2)
    room.leave_out(room.history.screens[0], {1})
    without(room.history.screens[0], 2)


def miss_behind_a_gap(room: Room) -> None:
    room.interrupt(room.history.screens[0], 1, 2, gap=True)
    without(room.history.screens[0], 4)


def miss_before_a_gap(room: Room) -> None:
    room.interrupt(room.history.screens[0], 2, 3, gap=True)
    without(room.history.screens[0], 1)


def miss_on_a_screen_that_closed(room: Room) -> None:
    screen = room.history.screens[0]
    room.add(screen.user, 5, name="reloaded")
    screen.is_there, room.history.connections = False, room.history.connections - 1
    without(screen, 2)


def show_under_two_seqs(room: Room) -> None:
    one = room.shown(1)
    screen = room.history.screens[0]
    screen.heard.append(replace(one, object={**one.object, "seq": 9999}))


def show_again_although_dropped_by_seq(room: Room) -> None:
    room.history.screens[0].heard.append(room.shown(1))


def store_twice(room: Room) -> None:
    first = room.history.stored[0]
    room.history.stored.append(Stored(seq=9999, user=first.user, id=first.id))


def publish_what_was_refused(room: Room) -> None:
    room.send(1, Outcome.REFUSED)
    room.history.saved.append(record(9999, {"messageType": CHAT, "userId": "u0", "id": "extra1"}))


def store_what_was_refused(room: Room) -> None:
    room.send(1, Outcome.REFUSED)
    room.history.stored.append(Stored(seq=9999, user="u0", id="extra1"))


def count_one_too_many(room: Room) -> None:
    room.history.online += 1


def keep_a_seat_too_many(room: Room) -> None:
    room.history.connections += 1


def keep_a_place_too_many(room: Room) -> None:
    room.history.places += 1


def read_where_a_seat_is_counted(room: Room) -> None:
    room.history.screens[0].lane = "gallery"


def overhear(room: Room) -> None:
    seq = room.messages + 2
    room.history.live.append(record(seq, {"messageType": CHAT, "userId": "u0", "id": "p", "to": "u0"}))
    room.history.screens[1].heard.append(room.shown(seq))


def lose_likes(room: Room) -> None:
    tell_all(room, {"messageType": LIKES, "zanNumber": LIKED - 1})
    room.history.likes = LIKED - 1


def invent_likes(room: Room) -> None:
    tell_all(room, {"messageType": LIKES, "zanNumber": LIKED + 1})
    room.history.likes = LIKED + 1


def tell_a_wrong_count(room: Room) -> None:
    tell(room, {"messageType": COUNT, "onlineNumber": 99})


def tell_wrong_likes(room: Room) -> None:
    tell(room, {"messageType": LIKES, "zanNumber": 99})


def credit_too_much(room: Room) -> None:
    room.watched["u0"] = room.messages + 11.0


def credit_a_stranger(room: Room) -> None:
    room.watched["nobody"] = 2.0


def tell_that_somebody_left_who_is_there(room: Room) -> None:
    tell(room, {"messageType": LEAVE, "userId": "u1"})


def tell_that_somebody_joined_who_is_not_there(room: Room) -> None:
    tell(room, {"messageType": JOIN, "userId": "nobody"})


def tell_old_settings_last(room: Room) -> None:
    tell(room, {"messageType": SETTINGS_TYPE, "settings": {"slowModeSeconds": 7, "frozen": False}})


def tell_old_properties_last(room: Room) -> None:
    tell(room, {"messageType": PROPERTIES_TYPE, "properties": {"pinned": None}})


def tell_of_no_change_of_properties(room: Room) -> None:
    room.history.properties = {}


def tell(room: Room, one: dict[str, object]) -> None:
    screen = room.history.screens[0]
    screen.heard.append(room.heard(one, room.history.ended))


def tell_all(room: Room, one: dict[str, object]) -> None:
    for screen in room.history.screens:
        screen.heard.append(room.heard(one, room.history.ended))


INJECTED: list[tuple[Callable[[Room], None], str]] = [
    (lose_from_the_log, "lost"),
    (lose_from_the_save_topic, "lost"),
    (lose_from_the_archive, "lost"),
    (store_under_another_seq, "lost"),
    (lose_a_notice_from_the_archive, "lost"),
    (lose_from_a_screen, "lost"),
    (miss_while_away, "missed untold"),
    (miss_an_unknown_one, "missed untold"),
    (miss_more_than_was_left_out, "missed untold"),
    (miss_behind_a_gap, "missed untold"),
    (miss_before_a_gap, "missed untold"),
    (miss_on_a_screen_that_closed, "missed untold"),
    (show_under_two_seqs, "shown twice"),
    (show_again_although_dropped_by_seq, "shown twice"),
    (store_twice, "stored twice"),
    (publish_what_was_refused, "refused yet done"),
    (store_what_was_refused, "refused yet done"),
    (count_one_too_many, "count errors"),
    (keep_a_seat_too_many, "count errors"),
    (keep_a_place_too_many, "count errors"),
    (read_where_a_seat_is_counted, "count errors"),
    (lose_likes, "count errors"),
    (invent_likes, "count errors"),
    (tell_a_wrong_count, "count errors"),
    (tell_wrong_likes, "count errors"),
    (credit_too_much, "seconds too many"),
    (credit_a_stranger, "seconds too many"),
    (tell_that_somebody_left_who_is_there, "order errors"),
    (tell_that_somebody_joined_who_is_not_there, "order errors"),
    (tell_old_settings_last, "order errors"),
    (tell_old_properties_last, "order errors"),
    (tell_of_no_change_of_properties, "order errors"),
    (overhear, "overheard"),
]
