"""The table `identity`: the platform's identity provider, whose tokens are taken beside the stage's own."""

from infra.stage import types
from infra.stage.part import Part


class IdentityClaims(Part):
    """Which claims of the provider's tokens hold what ours hold. The functions know the names of those that are not
    set; without `rooms` a token is for every room."""

    user: types.ClaimName | None = None
    name: types.ClaimName | None = None
    avatar: types.ClaimName | None = None
    attributes: types.ClaimName | None = None
    caps: types.ClaimName | None = None
    rooms: types.ClaimName | None = None

    def __str__(self) -> str:
        """As the functions read it: `user=sub,caps=cognito:groups`."""
        return ",".join(f"{name}={claim}" for name, claim in self.model_dump(exclude_none=True).items())


class IdentityStage(Part):
    """`issuer` and `audience` are what `iss` and `aud` of the provider's tokens must be. `jwks_url`: the key set."""

    issuer: types.Issuer
    audience: types.Audience
    jwks_url: types.HttpsUrl
    claims: IdentityClaims = IdentityClaims()
