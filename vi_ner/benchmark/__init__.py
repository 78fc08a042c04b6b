"""How fast and how large: the usual ways to train and tag, and this project's, side by side on one machine."""
