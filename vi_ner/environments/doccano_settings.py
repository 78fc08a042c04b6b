"""Django settings of the Doccano server: its own for production, with what is unsafe or in the way put right.

Read by Doccano inside `.venv-doccano`; nothing in `vi_ner` imports it.
"""

import os
from pathlib import Path

from config.settings.production import *  # noqa: F403
from config.settings.production import DATABASES
from kombu.transport.sqlalchemy import Transport

DATA = Path(os.environ["DOCCANO_DATA"])
ALLOWED_HOSTS = os.environ.get("DOCCANO_ALLOWED_HOSTS", "127.0.0.1,localhost").split(",")
# Doccano would keep uploads inside its own package.
DJANGO_DRF_FILEPOND_UPLOAD_TMP = str(DATA / "uploads")
DJANGO_DRF_FILEPOND_ALLOW_EXTERNAL_UPLOAD_DIR = True
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Web server and task worker write to one file: wait for each other instead of "database is locked".
    DATABASES["default"]["OPTIONS"] = {"timeout": 60}
    CELERY_BROKER_TRANSPORT_OPTIONS = {"connect_args": {"timeout": 60}}
Transport.polling_interval = 0.2  # seconds; a task would otherwise wait a whole one before it starts
