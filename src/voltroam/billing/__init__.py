"""Pricing of any version, CDRs built from meter readings, and CDRs audited: pure."""
