"""Real-time authorization, both sides (OCPI 2.2.1 §mod_tokens)."""
