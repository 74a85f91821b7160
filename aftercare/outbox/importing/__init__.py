"""Taking patients and completed sessions in from a CSV file: read, parse, match, write."""
