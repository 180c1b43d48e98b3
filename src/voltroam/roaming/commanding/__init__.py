"""Commands, both ways (OCPI 2.2.1 §mod_commands)."""
