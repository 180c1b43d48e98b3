"""Fixtures for every test: a real PostgreSQL, started once per test process."""

import asyncio
import itertools
import os
import sys
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import asyncpg
import pytest
from tests.counts import SOAK
from tests.postgres_server import PostgresServer
from tests.soak_order import longest_first
from tests.soak_page import took, write_page

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def logs_as_at_the_start() -> Iterator[None]:
    """What one test does to structlog must not let a later test's commands write to stdout."""
    yield
    structlog = sys.modules.get("structlog")
    if structlog is not None and structlog.is_configured():
        structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def empty_databases() -> list[str]:
    """Databases that a test has used and that are empty again: making one takes long."""
    return []


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, empty_databases: list[str]) -> Iterator[str]:
    """The URL of an empty database."""
    if empty_databases:
        name = empty_databases.pop()
    else:
        name = f"test_{os.getpid()}_{next(_numbers)}"
        _apart(_create(postgres_server, name))
    yield postgres_server.url(name)
    if _apart(_emptied(postgres_server, name)):
        empty_databases.append(name)


async def _create(server: PostgresServer, name: str) -> bool:
    connection = await asyncpg.connect(server.url("postgres"))
    await connection.execute(f'create database "{name}"')
    await connection.close()
    return True


async def _emptied(server: PostgresServer, name: str) -> bool:
    """False if somebody is still connected, or was not done in time: it is not used again."""
    try:
        connection = await asyncpg.connect(server.url(name), timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return False
    try:
        others = "select count(*) from pg_stat_activity where datname = $1 and pid <> $2"
        if await connection.fetchval(others, name, connection.get_server_pid()):
            return False
        await connection.execute("set lock_timeout = '2s'")
        await connection.execute("drop schema public cascade; create schema public")
    except asyncpg.PostgresError:
        return False
    finally:
        await connection.close()
    return True


def _apart(work: Coroutine[Any, Any, bool]) -> bool:
    """In a thread, because a loop may already run here."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a soak test repeats travels with its report, from whichever process ran it."""
    for item in items:
        for mark in item.iter_markers("soak"):
            item.user_properties.append(("soak", mark.args[0]))
    if SOAK:
        processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
        items[:] = longest_first(items, processes, cache(took))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if SOAK:
        write_page(terminalreporter.stats)
