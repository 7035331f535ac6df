"""The table `review`: the platform's own function that reviews chats before they are shown."""

from typing import Annotated

from pydantic import Field

from functions.runtime.settings import OnFailure
from infra.stage import types
from infra.stage.part import Part


class ReviewStage(Part):
    """`function_arn`: the function, perhaps with an alias or a version, in the stage's account and Region. A chat waits
    `timeout_ms` for it at most; what it cannot review is allowed or denied, by `on_failure`."""

    function_arn: types.FunctionArn
    timeout_ms: Annotated[int, Field(ge=50, le=2000)] = 200
    on_failure: OnFailure = "allow"

    @property
    def region(self) -> str:
        """The function's Region."""
        return self.function_arn.split(":")[3]
