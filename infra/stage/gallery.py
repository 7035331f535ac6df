"""The table `gallery`: where the viewers of a large room read over HTTP."""

from infra.stage.part import Part
from infra.stage.types import Count


class GalleryStage(Part):
    """A room with `from_seats` seats sends further viewers to the gallery; if that is not set, with so many as 60 % of
    the POSTs of a tick can reach. All places together are renewed `beats_per_second` times a second at most. Rooms with
    more than `spare_from` readers are told every two seconds."""

    from_seats: Count | None = None
    beats_per_second: Count = 500
    spare_from: Count = 20_000
