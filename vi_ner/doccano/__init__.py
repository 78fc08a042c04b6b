"""What talks to a Doccano server: a process of its own, in the environment of doccano-client.

That client's pins cannot live beside spaCy's, so this package imports nothing but the standard library, the error type
and, in `session`, `doccano_client`. `client.run_client` starts it.
"""
