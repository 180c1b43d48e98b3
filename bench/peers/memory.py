"""In-memory data behind each peer: the least work that its documented interface allows."""

from typing import Any

from bench.documents import location, padded, token

TOKEN = "bench-token"
LOCATIONS = {f"loc{n}": padded(location(n)) for n in range(1000)}
ORDER = list(LOCATIONS)
ABSENT = {"energy_contract": None, "default_profile_type": None}
"""Optional members that some peers demand."""
TOKENS = {f"TOK{n}": token(n, owner=("BE", "NOD")) | ABSENT for n in range(1000)}


class MemoryCrud:
    @classmethod
    async def get(cls, module: Any, role: Any, key: Any, *args: Any, **kwargs: Any) -> Any:
        if module.value == "tokens":
            return TOKENS.get(str(key).upper())
        return LOCATIONS.get(str(key).lower())

    @classmethod
    async def list(cls, module: Any, role: Any, filters: Any, *args: Any, **kwargs: Any) -> Any:
        first, count = filters["offset"], filters["limit"]
        page = [LOCATIONS[key] for key in ORDER[first : first + count]]
        return page, len(ORDER), first + count >= len(ORDER)

    @classmethod
    async def create(cls, module: Any, role: Any, data: Any, *args: Any, **kwargs: Any) -> Any:
        LOCATIONS[data["id"].lower()] = data
        return data

    @classmethod
    async def update(
        cls, module: Any, role: Any, data: Any, key: Any, *args: Any, **kwargs: Any
    ) -> Any:
        LOCATIONS[str(key).lower()] = data
        return data

    @classmethod
    async def do(
        cls, module: Any, role: Any, action: Any, *args: Any, data: Any = None, **kwargs: Any
    ) -> Any:
        """The one action of the tokens module: authorize."""
        return {
            "allowed": "ALLOWED",
            "token": TOKENS[str(data["token_uid"]).upper()],
            "location": data["location_reference"],
            "authorization_reference": None,
            "info": None,
        }


class TokenList:
    @classmethod
    async def get_valid_token_c(cls) -> list[str]:
        return [TOKEN]

    @classmethod
    async def get_valid_token_a(cls) -> list[str]:
        return []
