"""`/presets` saves the settings of a result under a name, as defaults for later requests."""
