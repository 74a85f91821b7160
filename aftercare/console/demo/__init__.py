"""Two made-up clinics to look around in. Everybody in them is invented and lives at example.com."""
