"""The wire protocol of TWS and IB Gateway, without any I/O: layouts, codec, framing, sessions."""
