"""What leaves and what is fetched: lanes (push), the CDR ledger, sync (pull), leased jobs."""
