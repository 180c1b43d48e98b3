"""What survives a restart: one small interface, SQLite and PostgreSQL behind it."""
