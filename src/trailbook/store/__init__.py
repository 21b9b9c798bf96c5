"""WHERE: the ports that a store offers, and the stores behind them."""
