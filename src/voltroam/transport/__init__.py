"""Sockets: the ASGI server and the HTTP client, with their guards and limits."""
