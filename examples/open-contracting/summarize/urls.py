import pathlib

from django.http import HttpResponse
from django.urls import path

from summarize import __version__
from summarize.models import Notice


def page(request):
    # What was loaded at the start, and what is read now: both are of one release.
    texts = (pathlib.Path(__file__).parent / "texts").read_text().strip()
    return HttpResponse(f"summarize {__version__}, with the texts of {texts}: {Notice.objects.count()} notices\n")


urlpatterns = [path("", page)]
