"""The gallery of a server: results that their authors share, that many like or that moderators choose; and `/top`."""
