# Holds the signature of each request ("METHOD URL" a line) against that of Amazon's own library: moto checks none.
# Arguments: key, secret, session token, region.
import datetime
import sys
from unittest import mock
from urllib.parse import parse_qsl, urlsplit

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

key, secret, token, region = sys.argv[1:]
for line in sys.stdin:
    method, url = line.split()
    said = dict(parse_qsl(urlsplit(url).query))
    when = datetime.datetime.strptime(said["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    expires = int(said["X-Amz-Expires"])
    auth = botocore.auth.S3SigV4QueryAuth(Credentials(key, secret, token), "s3", region, expires=expires)
    request = AWSRequest(method=method, url=url.split("?")[0])
    with mock.patch.object(botocore.auth, "get_current_datetime", lambda **_: when):
        auth.add_auth(request)
    wanted = dict(parse_qsl(urlsplit(request.url).query))
    print(method, expires, "right" if wanted == said else f"wrong: {said} and not {wanted}")
