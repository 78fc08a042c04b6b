"""Characters that nobody sees: the encoder does not, and no entity begins or ends with one."""

# Zero-width and formatting characters, soft hyphen, byte order mark: nothing that a reader sees.
INVISIBLE = r"[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff]"
# … and blanks and joints. Python and spaCy take the separators U+001C to U+001F for blanks, `\s` of regex does not.
UNSEEN = rf"(?:[_\s\x1c-\x1f]|{INVISIBLE})"
SEEN = rf"[^_\s\x1c-\x1f{INVISIBLE[1:-1]}]"
