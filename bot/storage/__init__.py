"""The SQL database: everything that must outlive Redis. Only the bot uses it."""
