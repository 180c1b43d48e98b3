"""py-ocpi behind an in-memory CRUD, by its documented interface."""

from typing import Any

from bench.peers.memory import MemoryCrud
from py_ocpi import get_application
from py_ocpi.core.enums import RoleEnum
from py_ocpi.modules.locations.v_2_2_1.schemas import Location
from py_ocpi.modules.tokens.v_2_2_1.schemas import AuthorizationInfo
from py_ocpi.modules.versions.enums import VersionNumber


class AsModels:
    @classmethod
    def location_adapter(cls, data: Any, version: Any = VersionNumber.latest) -> Any:
        return Location(**data)

    @classmethod
    def authorization_adapter(cls, data: Any, version: Any = VersionNumber.latest) -> Any:
        return AuthorizationInfo(**data)


app = get_application([VersionNumber.v_2_2_1], [RoleEnum.cpo, RoleEnum.emsp], MemoryCrud, AsModels)
