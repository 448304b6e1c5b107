import pathlib

BASE_DIR = pathlib.Path(__file__).resolve().parent.parent
SECRET_KEY = (BASE_DIR / "localsettings" / "secret_key").read_text()
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["hq"]
ROOT_URLCONF = "hq.urls"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Where the database is stands in each host's ~/.pg_service.conf.
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "OPTIONS": {"service": "commcare"}}}
