"""`/explore` generates one idea several times, with one setting that varies."""
