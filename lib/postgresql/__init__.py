"""Django's backend for PostgreSQL, with limits that hold behind a pooler as well."""
