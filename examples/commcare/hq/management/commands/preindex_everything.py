from django.core.management import BaseCommand

from hq import __version__
from hq.models import Index


class Command(BaseCommand):
    help = "Builds what this version looks things up in: there it takes hours."

    def handle(self, **options):
        Index.objects.get_or_create(version=__version__)
