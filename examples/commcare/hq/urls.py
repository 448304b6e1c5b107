from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path

from hq import __version__


def page(request):
    # What was loaded at the start, and a template: both are of one release.
    return render(request, "page.html", {"version": __version__}, content_type="text/plain")


urlpatterns = [path("", page), path("serverup.txt", lambda request: HttpResponse("success\n"))]
