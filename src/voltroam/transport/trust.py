"""Whom Python's own TLS trusts when we call, and who we are."""

import ssl
import tempfile
from pathlib import Path

from voltroam.transport.client import ClientTls


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
