"""What is known after a call that failed."""

from voltroam.standard.errors import ForbiddenUrl, PartnerError, Refused, Unreachable

BUSY = 503
"""Not handled, by its meaning (RFC 9110 §15.6.4): a driver need not wait for what cannot come."""


def is_certain(fault: PartnerError) -> bool:
    """Whether what we sent had no effect for certain: the partner said no, or nothing left."""
    if isinstance(fault, Refused):
        if fault.http == BUSY:
            return True
        return fault.http < 500 and (fault.code is None or 2000 <= fault.code < 3000)
    if isinstance(fault, Unreachable):
        return not fault.sent
    return isinstance(fault, ForbiddenUrl)
