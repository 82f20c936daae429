"""What Inkling can be told: options, settings, rules and errors. Pure description; reads nothing but settings."""
