"""The checks of strategies, and strategies that have to fail them."""
