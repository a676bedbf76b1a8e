"""Executions in the warehouse: how a day is swapped in, merged, accounted for and retired."""
