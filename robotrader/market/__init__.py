"""Market time and market data, pure: sessions, resampling, paths inside a bar, history."""
