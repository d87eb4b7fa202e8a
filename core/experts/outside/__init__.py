"""Experts behind servers of others: where texts may go, how they are sent, under which terms."""
