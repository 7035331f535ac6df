"""The table `network`: a new VPC or an existing one, and the route out of it."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from infra.stage import types
from infra.stage.part import Part

# Of a new VPC whose zones are not named.
DEFAULT_ZONES = 2


class ExistingVpc(Part):
    """An existing VPC with DNS names enabled, which replaces the stack's own. It has one private subnet for each zone,
    and each subnet has a route to the internet: NAT, or IPv6.

    The route tables, one for each subnet, get a gateway endpoint for DynamoDB. Without them the subnets must have one.
    """

    vpc_id: types.VpcId
    availability_zones: types.Zones
    private_subnet_ids: Annotated[tuple[types.SubnetId, ...], Field(min_length=2, max_length=3, strict=False)]
    private_route_table_ids: Annotated[tuple[types.RouteTableId, ...], Field(strict=False)] = ()

    @field_validator("private_subnet_ids", "private_route_table_ids")
    @classmethod
    def _one_for_each_zone(cls, ids: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        zones = info.data.get("availability_zones")
        if ids and zones is not None and len(ids) != len(zones):
            raise ValueError(f"there must be one for each of the {len(zones)} availability_zones, not {len(ids)}")
        return ids


class NetworkStage(Part):
    """How functions in the VPC reach `@connections` and other AWS services.

    `availability_zones`: two or three zones for a new VPC, by name; without them the first of the Region's list: two,
    or as many as there are brokers. Not every zone has every service. `nat_gateways`: one for each zone at most; none
    with IPv6.

    `flow_logs`: log the refused connections of a new VPC, or all of them. `endpoints`: create the interface endpoints
    for Lambda and STS. Without NAT, event source mappings in on-demand mode need them; false says that an existing VPC
    has them.
    """

    egress: Literal["nat", "ipv6"]
    existing: ExistingVpc | None = None
    availability_zones: (
        Annotated[tuple[types.ZoneName, ...], Field(min_length=2, max_length=3, strict=False)] | None
    ) = None
    nat_gateways: Annotated[int, Field(ge=0, le=3)] = 0
    flow_logs: Literal["rejected", "all"] | None = None
    endpoints: bool = True

    @property
    def zones(self) -> tuple[str, ...] | None:
        """The zones of the VPC, None if they are not named."""
        return self.existing.availability_zones if self.existing else self.availability_zones

    @field_validator("availability_zones")
    @classmethod
    def _are_of_a_new_vpc(cls, zones: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        if zones and info.data.get("existing") is not None:
            raise ValueError("an existing VPC has its own, in network.existing: leave it out")
        if zones and len(set(zones)) < len(zones):
            raise ValueError("a zone is listed twice")
        return zones

    @field_validator("nat_gateways")
    @classmethod
    def _fit_the_egress(cls, count: int, info: ValidationInfo) -> int:
        egress, existing = info.data.get("egress"), info.data.get("existing")
        if count and egress == "ipv6":
            raise ValueError("there are none with egress 'ipv6': leave it out")
        if count and existing is not None:
            raise ValueError("an existing VPC keeps its own: leave it out")
        if not count and egress == "nat" and "existing" in info.data and existing is None:
            raise ValueError("with egress 'nat' there must be one at least")
        if "availability_zones" in info.data:
            zones = len(info.data["availability_zones"] or ()) or DEFAULT_ZONES
            if count > zones:
                raise ValueError(f"there is one for each of the {zones} zones at most, not {count}")
        return count

    @field_validator("flow_logs")
    @classmethod
    def _need_a_new_vpc(cls, which: str | None, info: ValidationInfo) -> str | None:
        if which is not None and info.data.get("existing") is not None:
            raise ValueError("an existing VPC keeps its own: leave it out")
        return which

    @field_validator("endpoints")
    @classmethod
    def _exist_only_in_an_existing_vpc(cls, created: bool, info: ValidationInfo) -> bool:
        if not created and "existing" in info.data and info.data["existing"] is None:
            raise ValueError("a new VPC has none that could be used: leave it out")
        return created
