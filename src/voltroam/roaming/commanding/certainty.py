"""What is known after a call that failed."""

from voltroam.standard.errors import ForbiddenUrl, PartnerError, Refused, Unreachable


def is_certain(fault: PartnerError) -> bool:
    """Whether what we sent had no effect for certain: the partner said no, or nothing left."""
    if isinstance(fault, Refused):
        return fault.http < 500 and (fault.code is None or 2000 <= fault.code < 3000)
    if isinstance(fault, Unreachable):
        return not fault.sent
    return isinstance(fault, ForbiddenUrl)
