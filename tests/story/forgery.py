"""Tokens that must not be believed."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import jwt

OWN_KEY = "a key that the forger has chosen, of more than 64 bytes, so that it fits every algorithm there is"


def forgeries(good: str, other: str) -> Iterator[tuple[str, str]]:
    """What is wrong with it, and the token. `good` is a sound one for the room, `other` one for another room."""
    head, claims, signature = good.split(".")
    other_head, other_claims, other_signature = other.split(".")
    header: dict[str, Any] = jwt.get_unverified_header(good)
    payload: dict[str, Any] = jwt.decode(good, options={"verify_signature": False})
    yield "no JWT", "alice"
    yield "two parts", f"{head}.{claims}"
    yield "four parts", f"{good}.{signature}"
    yield "other claims", f"{head}.{other_claims}.{signature}"
    yield "other signature", f"{head}.{claims}.{other_signature}"
    yield "other head and signature", f"{other_head}.{claims}.{other_signature}"
    yield "no signature", f"{head}.{claims}."
    yield "signature cut", good[:-4]
    yield "spoilt head", f"{head[:-2]}AA.{claims}.{signature}"
    more = part(payload | {"caps": ["admin", "moderate"]})
    yield "more capabilities", f"{head}.{more}.{signature}"
    for name in ("none", "None", "NONE", "nOnE", ""):
        for tail in ("", signature):
            yield f"alg {name!r}", f"{part(header | {'alg': name})}.{claims}.{tail}"
    for name in ("HS256", "HS384", "HS512"):
        yield f"own key, {name}", sign(payload, header, name)
    yield "no kid", sign(payload, {}, "HS256")
    for kid in ("open", "", "k2", "../../../dev/null", "' OR 1=1 --", "0", "\u0000", "__proto__"):
        yield f"kid {kid!r}", sign(payload, header | {"kid": kid}, "HS256")
    for odd in (None, 7, ["k1"], {"k": "v"}):
        yield f"kid {odd!r}", f"{part(header | {'kid': odd})}.{claims}.{signature}"
    yield "key in the head", sign(payload, header | {"jwk": {"kty": "oct", "k": part(OWN_KEY)}}, "HS256")
    yield "key elsewhere", sign(payload, header | {"jku": "http://127.0.0.1:1/keys", "x5u": "file:///etc"}, "HS256")
    yield "encrypted", ".".join([part({"alg": "dir", "enc": "A128GCM"}), "", "AAAA", "AAAA", "AAAA"])
    yield "for ever", sign({**payload, "exp": 2**62}, header, "HS256")
    yield "expired", sign({**payload, "exp": int(time.time()) - 1}, header, "HS256")


def part(value: object) -> str:
    """A part of a token: JSON in URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def sign(payload: dict[str, Any], header: dict[str, Any], algorithm: str) -> str:
    """A token that is sound but for its key."""
    rest = {name: value for name, value in header.items() if name not in ("alg", "typ")}
    return jwt.encode(payload, OWN_KEY, algorithm=algorithm, headers=rest)
