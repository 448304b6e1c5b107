from django.db import models


class Notice(models.Model):
    ocid = models.TextField()
