"""The bases of request and response bodies: fields in camel case on the wire, unknown ones refused."""

from typing import Any

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


# For an integer as JSON Schema defines it: 60.0 is one, "60" and true are not. It stands after StrictInt and limits.
Whole = BeforeValidator(_whole)


class RequestBody(BaseModel):
    """The body of a request."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")


class ResponseBody(BaseModel):
    """The body of a response."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, extra="forbid")
