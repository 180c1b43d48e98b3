"""The operator API: REST for the company's own people and systems, beside OCPI on the same port."""
