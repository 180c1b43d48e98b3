"""The two trees of URLs that OCPI 2.1.1 has: what an operator serves, and what a provider serves.

There each registration is between one operator and one provider: the tree that a partner calls
tells who we are in it (OCPI 2.1.1 §credentials, §version_information_endpoint).
"""

from enum import StrEnum

from voltroam.standard.endpoints import Interface, Module
from voltroam.standard.v2_2_1.types import Role


class Tree(StrEnum):
    """Whose interfaces stand in it; its name is the first segment of its URLs."""

    CPO = "cpo"
    EMSP = "emsp"

    @property
    def role(self) -> Role:
        """Who serves it."""
        return Role(self.name)

    @property
    def other(self) -> "Tree":
        """That of those who call it."""
        return Tree.EMSP if self is Tree.CPO else Tree.CPO


def tree_of(module: Module, interface: Interface | None) -> Tree | None:
    """Where one side of a module stands; None for what stands in both."""
    if interface is None:
        return None
    players = module.sender_roles if interface is Interface.SENDER else module.receiver_roles
    return Tree.CPO if Role.CPO in players else Tree.EMSP


def side_of(module: Module, tree: Tree) -> Interface:
    """The side of a module that stands in a tree."""
    return Interface.SENDER if tree.role in module.sender_roles else Interface.RECEIVER
