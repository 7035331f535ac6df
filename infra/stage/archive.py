"""The table `archive`: what is kept of rooms, and for how long."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from infra.stage import types
from infra.stage.part import Part
from infra.stage.types import Count


class ArchiveStage(Part):
    """`mode`: whether the archive's mapping has a provisioned poller, which is paid for by the hour and reads partial
    batch responses. `keep`: the table outlives its stack.

    `generation`: raise it when the live topic is recreated, because `seq` then starts at 0 again. The archive gets a
    new table, and `keep` decides about the old one.

    `table`: an existing table with the archive's keys and index, such as a restored one, which replaces the stack's
    own. `kms_key_arn`: the key that encrypts the table.
    """

    mode: Literal["provisioned", "on_demand"]
    days: Annotated[int, Field(ge=1, le=36_500)]
    keep: bool
    generation: Count = 1
    table: types.TableName | None = None
    kms_key_arn: types.KeyArn | None = None

    @field_validator("table")
    @classmethod
    def _is_nothing_of_the_stacks(cls, table: str | None, info: ValidationInfo) -> str | None:
        if table is not None and info.data.get("keep") is False:
            raise ValueError("the stack does not delete a table that it has not made: set archive.keep to true")
        if table is not None and info.data.get("generation", 1) != 1:
            raise ValueError("archive.generation is for tables that the stack makes: leave one of the two out")
        return table
