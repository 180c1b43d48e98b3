"""The charger world: charging stations that behave like real ones, behind a node as its host."""
