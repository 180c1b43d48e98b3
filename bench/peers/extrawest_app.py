"""extrawest-ocpi behind an in-memory CRUD, by its documented interface."""

from bench.peers.memory import MemoryCrud, TokenList
from py_ocpi.core.authentication.authenticator import Authenticator
from py_ocpi.core.crud import Crud
from py_ocpi.core.enums import ModuleID, RoleEnum
from py_ocpi.main import get_application
from py_ocpi.modules.versions.enums import VersionNumber


class InMemory(MemoryCrud, Crud):
    pass


class Tokens(TokenList, Authenticator):
    pass


app = get_application(
    version_numbers=[VersionNumber.v_2_2_1],
    roles=[RoleEnum.cpo, RoleEnum.emsp],
    modules=[ModuleID.locations, ModuleID.tokens],
    authenticator=Tokens,
    crud=InMemory,
)
