"""Fixtures for every test: a real PostgreSQL, started once per test process."""

import asyncio
import itertools
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import pytest
from tests.counts import SOAK
from tests.postgres_server import PostgresServer
from tests.soak_page import write_page

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """The URL of a fresh, empty database."""
    name = f"test_{os.getpid()}_{next(_numbers)}"

    async def create() -> None:
        connection = await asyncpg.connect(postgres_server.url("postgres"))
        await connection.execute(f'create database "{name}"')
        await connection.close()

    # In a thread, because a loop may already run here.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, create()).result()
    return postgres_server.url(name)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a soak test repeats travels with its report, from whichever process ran it."""
    for item in items:
        for mark in item.iter_markers("soak"):
            item.user_properties.append(("soak", mark.args[0]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if SOAK:
        write_page(terminalreporter.stats)
