"""The numbers that scripts share with Python: each is in one of these modules, and a script's header names it."""

from collections import ChainMap

from functions.adapters.redis import keys
from functions.rooms import (
    cuts,
    gallery,
    history,
    marks,
    people,
    places,
    properties,
    removals,
    results,
    sanctions,
    seats,
    spans,
    watch_time,
)

_MODULES = (
    *(keys, cuts, gallery, history, marks, people, places, properties, removals, results),
    *(sanctions, seats, spans, watch_time),
)
NUMBERS = ChainMap(*map(vars, _MODULES))
