"""The table `relay`: the relays and their mappings."""

from typing import Annotated

from pydantic import Field

from infra.stage.part import Part
from infra.stage.types import Count


class RelayStage(Part):
    """`slices` relays share each room. `low_latency`: the mappings have provisioned pollers, which are paid for by the
    hour, and no batching window."""

    slices: Annotated[int, Field(ge=1, le=32)]
    low_latency: bool
    posts_per_second: Count = 8000
