"""The service under measurement: what sending to it and asking it cost, each beside something plainer."""
