"""What the numbers in the README come from; ``python -m benchmarks`` lists them."""
