"""Invoices against the CDRs that they cover."""

from voltroam.roaming.reconciling.reconciliation import Amount, Line, Match, Reconciliation, Told
from voltroam.roaming.reconciling.reconciling import Reconciling, total_told

__all__ = ["Amount", "Line", "Match", "Reconciliation", "Reconciling", "Told", "total_told"]
