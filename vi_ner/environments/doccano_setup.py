"""Bring the database of the Doccano server up to date and see that its administrator exists.

Run inside `.venv-doccano`, any number of times, with the password in the environment and on no command line.
"""

import os

import django
from django.core.management import call_command
from django.db import connection

django.setup()

from django.contrib.auth.models import User  # noqa: E402 (needs the setup)

call_command("migrate", verbosity=0)
call_command("create_roles")
if connection.vendor == "sqlite":
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode=WAL")  # kept in the file: readers no longer block the writer
name, password = os.environ["DOCCANO_USERNAME"], os.environ["DOCCANO_PASSWORD"]
if not User.objects.filter(username=name).exists():
    User.objects.create_superuser(name, f"{name}@localhost", password)
