"""A table of cdk.json: what all tables have in common."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A table of cdk.json, whose keys are the field names. Unknown keys are errors, and so is "1" for a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=True)
