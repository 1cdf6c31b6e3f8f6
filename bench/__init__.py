"""Benchmarks: ours, pykka's and Erlang's actors on the same workloads, interleaved in one run."""
