"""Who may call: keys, tokens, rate limits, and the demo mode that asks nobody."""
