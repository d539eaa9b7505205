"""Django's backend for PostgreSQL, with limits that apply behind a connection pooler too."""
