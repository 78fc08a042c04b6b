"""From files as people have them to articles worth annotating."""
