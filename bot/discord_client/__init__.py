"""The connection to Discord: the client, its commands and their synchronisation. It knows no feature."""
