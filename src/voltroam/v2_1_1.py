"""The objects, enums and types of OCPI 2.1.1 under their short name: `voltroam.v2_1_1.Location`."""

from voltroam.standard import v2_1_1 as _chapters
from voltroam.standard.v2_1_1 import *  # noqa: F403

__all__ = _chapters.__all__
