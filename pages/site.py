"""The site that the pages make: the address, the type and the headers of each file.

The emulator serves the files from the disk. In a deployed stage a bucket has them, under keys that hold the hash of all
assets: `/assets/pages/room/room.js` is `/assets/0a1b2c3d4e5f6071/pages/room/room.js`. Modules name each other by
relative paths, so only HTML has to name the hash.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = {"/": "pages/room/index.html", "/console": "pages/console/index.html"}
STAGE_ADDRESSES = "/stage.json"
ASSETS = "/assets/"
ASSET_FILES = ("client/*.js", "pages/**/*")
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mp4": "video/mp4",
    ".svg": "image/svg+xml",
    ".webm": "video/webm",
}
HTML = "text/html; charset=utf-8"
HASH_CHARACTERS = 16

# Whatever a viewer writes, only the page's own files run. 'self' includes the WebSockets of the page's own host.
# https://www.w3.org/TR/CSP3/#match-url-to-source-expression
# A stream, and the picture of a product, may be anywhere; neither comes from a viewer.
CONTENT_SECURITY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' https:",
    "media-src": "'self' https:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
REFERRER_POLICY = "no-referrer"  # the address holds the viewer's name


@dataclass(frozen=True)
class Stored:
    """A file as a bucket has it. A browser asks for an asset once, and each time whether other files have changed."""

    key: str
    content_type: str
    body: bytes

    @property
    def cache_control(self) -> str:
        """The header for browsers and for CloudFront."""
        immutable = self.key.startswith(ASSETS.strip("/") + "/")
        return "public, max-age=31536000, immutable" if immutable else "no-cache"


def pages(root: Path = ROOT) -> dict[str, Path]:
    """The HTML file of each page's address."""
    return {address: root / name for address, name in PAGES.items() if (root / name).is_file()}


def assets(root: Path = ROOT) -> dict[str, Path]:
    """The file of each address below `ASSETS`: its path in the repository follows."""
    files = sorted(file for pattern in ASSET_FILES for file in root.glob(pattern))
    return {
        ASSETS + file.relative_to(root).as_posix(): file
        for file in files
        if file.suffix in CONTENT_TYPES and file.is_file()
    }


def version(root: Path = ROOT) -> str:
    """The hash of all assets, their addresses and their types. Another file, or another content, gives another."""
    digest = hashlib.sha256()
    for address, file in assets(root).items():
        body = file.read_bytes()
        digest.update(f"{address} {CONTENT_TYPES[file.suffix]} {len(body)}\n".encode() + body)
    return digest.hexdigest()[:HASH_CHARACTERS]


def stored(root: Path = ROOT) -> Iterator[Stored]:
    """What a bucket gets, in the order in which it is to come: HTML after the assets that it names."""
    folder = f"{ASSETS}{version(root)}/"
    for address, file in assets(root).items():
        yield Stored(key_of(folder + address.removeprefix(ASSETS)), CONTENT_TYPES[file.suffix], file.read_bytes())
    for address, file in pages(root).items():
        yield Stored(key_of(address), HTML, file.read_bytes().replace(ASSETS.encode(), folder.encode()))


def fingerprint(root: Path = ROOT) -> str:
    """The hash of all that a bucket gets. A change of HTML alone gives another one, too."""
    digest = hashlib.sha256()
    for file in stored(root):
        digest.update(f"{file.key} {file.content_type} {file.cache_control} {len(file.body)}\n".encode() + file.body)
    return digest.hexdigest()


def content_security_policy(*connect: str) -> str:
    """The header of a site whose pages may connect to these origins beside their own."""
    sources = CONTENT_SECURITY | {"connect-src": " ".join([CONTENT_SECURITY["connect-src"], *connect])}
    return "; ".join(f"{name} {source}" for name, source in sources.items())


def key_of(address: str) -> str:
    """The key of an address in a bucket: its path, or `index.html` for the root, which CloudFront asks for in its
    place."""
    return address.removeprefix("/") or "index.html"
