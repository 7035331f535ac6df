"""A key that stands for an identity provider's: it signs tokens for tests, and is nobody's secret."""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from functions.rooms.json_value import packed
from tools.failure import Failure
from tools.token_order import TokenOrder


class ProviderKey:
    """A private key in the PEM file `path`: RSA for RS256, or P-256 for ES256. Raises Failure if it is neither."""

    def __init__(self, path: Path) -> None:
        try:
            self._key: Any = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise Failure(f"{path}: {error}") from None
        self._algorithm, self._jwk = self._public(path)
        self._kid = hashlib.sha256(json.dumps(self._jwk, sort_keys=True).encode()).hexdigest()[:16]

    def _public(self, path: Path) -> tuple[str, dict[str, Any]]:
        """The algorithm that the key is for, and its public half."""
        public = self._key.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            return "RS256", RSAAlgorithm.to_jwk(public, as_dict=True)
        if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name == "secp256r1":
            return "ES256", ECAlgorithm.to_jwk(public, as_dict=True)
        raise Failure(f"{path}: it is neither an RSA key nor one of the curve P-256")

    @classmethod
    def make(cls, path: Path) -> "ProviderKey":
        """A new key of the curve P-256, in a file that its owner alone reads."""
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        try:
            path.touch(mode=0o600, exist_ok=False)
            path.write_bytes(pem)
        except OSError as error:
            raise Failure(f"{path}: {error.strerror}") from None
        return cls(path)

    def key_set(self) -> str:
        """The key set that a provider with this key publishes."""
        public = {**self._jwk, "kid": self._kid, "alg": self._algorithm, "use": "sig"}
        return json.dumps({"keys": [public]}, indent=2) + "\n"

    def sign(self, order: TokenOrder, *, issuer: str, audience: str) -> str:
        """A token as a provider makes it, with the claims that are read by default, and the order's room."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": issuer,
            "aud": audience,
            "sub": order.user_id,
            "name": order.name,
            "caps": sorted(order.caps),
            "activityId": order.activity_id,
            "iat": now,
            "exp": now + order.seconds,
        }
        claims |= {"attributes": dict(order.attributes)} if order.attributes else {}
        return jwt.PyJWS().encode(
            packed(claims).encode(), self._key, algorithm=self._algorithm, headers={"kid": self._kid}
        )
