"""The secret with the keys that sign tokens: the stack's own, or one of yours."""

from constructs import Construct

from infra.secret_keys import SecretKeys
from infra.stage.stage import Stage


class TokenKeys(Construct):
    """`secret_arn`; `kms_key_arn` is the key of a secret of yours, "" for the account's own."""

    def __init__(self, scope: Construct, id: str, *, stage: Stage) -> None:
        super().__init__(scope, id)
        self.kms_key_arn = stage.token_secret_kms_key_arn or ""
        self.secret_arn = stage.token_secret_arn or self._make(keep=stage.archive.keep)

    def _make(self, *, keep: bool) -> str:
        return SecretKeys(self, description="Live rooms: the keys of tokens", keep=keep).secret_arn
