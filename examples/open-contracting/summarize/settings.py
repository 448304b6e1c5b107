import pathlib

BASE_DIR = pathlib.Path(__file__).resolve().parent.parent
ENV = dict(line.split("=", 1) for line in (BASE_DIR / ".env").read_text().splitlines())
SECRET_KEY = ENV["SECRET_KEY"]
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["summarize"]
ROOT_URLCONF = "summarize.urls"
WSGI_APPLICATION = "summarize.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Where the database is stands in the host's ~/.pg_service.conf.
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "OPTIONS": {"service": "summarize"}}}
