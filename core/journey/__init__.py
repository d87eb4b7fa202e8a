"""The steps of the journey, load → compute → save; the entry for pages, CLI and worker."""
