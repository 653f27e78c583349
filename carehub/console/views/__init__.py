"""One module for each page. A view parses, calls actions and queries of the rooms, and formats."""
