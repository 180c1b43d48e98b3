"""OCPI as data: objects, endpoint table, versions, status codes. Nothing here does anything."""
