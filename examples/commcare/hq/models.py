from django.db import models


class Task(models.Model):
    """What the workers do: a queue of texts, and who has done each."""

    text = models.TextField()
    done_by = models.TextField(default="")


class Index(models.Model):
    """Says that what a version looks things up in is built."""

    version = models.TextField(unique=True)
