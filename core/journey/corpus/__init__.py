"""A corpus that is larger than a project: encoded in shards, on one machine or on many."""
