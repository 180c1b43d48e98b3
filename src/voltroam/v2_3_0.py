"""The objects, enums and types of OCPI 2.3.0 under their short name: `voltroam.v2_3_0.Location`."""

from voltroam.standard import v2_3_0 as _chapters
from voltroam.standard.v2_3_0 import *  # noqa: F403

__all__ = _chapters.__all__
