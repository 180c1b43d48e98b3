"""Whom TLS trusts: the system's authorities and our own, and who we are towards partners."""

import ssl
import tempfile
from pathlib import Path

from voltroam.transport.client import ClientTls

_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where systems keep their authorities, should Python's own library not know."""


def tls_context(tls: ClientTls) -> ssl.SSLContext:
    """Trust the system and our own authorities, name ourselves if we can. Raises ValueError."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if tls.authorities is not None:
            context.load_verify_locations(cadata=tls.authorities.decode("ascii"))
        if tls.certificate is not None:
            _present(context, tls)
    except (ssl.SSLError, UnicodeDecodeError):
        raise ValueError("a certificate, key or authority cannot be read") from None
    return context


def _present(context: ssl.SSLContext, tls: ClientTls) -> None:
    with tempfile.TemporaryDirectory() as folder:  # ssl reads certificates from files only
        file = Path(folder) / "identity.pem"
        file.touch(mode=0o600)
        file.write_bytes((tls.key or b"") + b"\n" + (tls.certificate or b""))
        context.load_cert_chain(file)


def system_authorities() -> tuple[str | None, str | None]:
    """The system's authorities: a file of them, or else a folder with one file each."""
    paths = ssl.get_default_verify_paths()
    found = (path for path in (paths.cafile, *_BUNDLES) if path and Path(path).is_file())
    file = next(found, None)
    return file, None if file else paths.capath
