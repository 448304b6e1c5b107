"""A page that says which release it is served from."""

import os
import pathlib

from flask import Flask, render_template

app = Flask(__name__)
RELEASE = pathlib.Path(__file__).resolve().parent.name


@app.get("/")
def index():
    return render_template("index.html", release=RELEASE, greeting=os.environ.get("GREETING", "Hello"))


@app.get("/healthz")
def healthz():
    return {"release": RELEASE}
