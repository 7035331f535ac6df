"""The secret with the keys that the addresses of the gallery are made of."""

from constructs import Construct

from infra.secret_keys import SecretKeys
from infra.stage.stage import Stage


class GalleryKeys(Construct):
    """`secret_arn` is "" if the stage has no gallery."""

    def __init__(self, scope: Construct, id: str, *, stage: Stage) -> None:
        super().__init__(scope, id)
        self.secret_arn = self._make() if stage.gallery else ""

    def _make(self) -> str:
        return SecretKeys(self, description="Live rooms: the keys of the gallery").secret_arn
