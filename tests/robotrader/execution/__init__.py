"""The order manager against a broker that is known completely and a link that is not."""
