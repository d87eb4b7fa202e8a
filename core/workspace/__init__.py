"""The one place that touches disk and database: artifacts as files, records in a database."""
