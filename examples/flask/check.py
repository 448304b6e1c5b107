"""Asks the application for its pages without a server: what a deploy wants to know before it flips."""

from app import RELEASE, app

client = app.test_client()
page = client.get("/")
health = client.get("/healthz")
assert page.status_code == 200, page.status
assert RELEASE in page.text, page.text
assert health.json == {"release": RELEASE}, health.json
print(f"release {RELEASE} answers")
