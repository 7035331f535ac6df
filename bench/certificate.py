"""A self-signed certificate for 127.0.0.1, made with the openssl command."""

import shutil
import subprocess
from pathlib import Path


class NoOpenssl(Exception):
    """There is no openssl command. The message says what is then left out."""


def make_certificate(directory: Path) -> Path:
    """A PEM file with a P-256 key and its certificate, which is valid for a day. Raises NoOpenssl.

    Most public servers have a P-256 key. It affects the cost of a handshake only, and kept-alive connections make few.
    """
    openssl = shutil.which("openssl")
    if openssl is None:
        raise NoOpenssl("there is no openssl command, so nothing is measured over TLS")
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"]
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([openssl, "req", *kind, *subject, *files], check=True, capture_output=True)
    both = directory / "both.pem"
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both
