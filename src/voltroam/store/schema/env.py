"""Alembic runs this to write out the SQL of the steps; it never connects to anything."""

from alembic import context

context.configure(
    dialect_name=context.config.attributes["dialect"],
    output_buffer=context.config.output_buffer,
    transactional_ddl=False,
    literal_binds=True,
)
context.run_migrations()
