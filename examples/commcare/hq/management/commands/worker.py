import signal
import time

from django.core.management import BaseCommand
from django.db import transaction

from hq import __version__
from hq.models import Task


class Command(BaseCommand):
    help = "Does what is in the queue. Told to end, it ends what it is at."

    def handle(self, **options):
        self.is_over = False
        signal.signal(signal.SIGTERM, self.end)
        while not self.is_over:
            with transaction.atomic():
                task = Task.objects.select_for_update(skip_locked=True).filter(done_by="").first()
                if task:
                    task.done_by = __version__
                    task.save()
            if not task:
                time.sleep(0.2)

    def end(self, *_):
        self.is_over = True
