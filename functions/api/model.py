"""What bodies are made of: fields in camel case on the wire, and none that are not known."""

from typing import Any

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


# Behind a StrictInt and its limits: an integer as JSON Schema has it, where 60.0 is one, and "60" and true are none.
Whole = BeforeValidator(_whole)


class Asked(BaseModel):
    """What a caller sends."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")


class Told(BaseModel):
    """What a caller is told."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, extra="forbid")
