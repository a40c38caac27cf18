"""What the cluster gives a pod: its name, its account, its environment. The argument is not used."""

import json
import os
import socket
import ssl
import urllib.request

from property import Group, read, same, sure

group = Group()

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


@group.keeps("a host name: the new pod's own")
def host_name(_):
    before = socket.gethostname()
    yield
    now = socket.gethostname()
    sure(now != before, f"it is still {before}")
    same(read("/etc/hostname").decode().strip(), now, "what /etc/hostname says")
    sure(now in read("/etc/hosts").decode(), f"/etc/hosts does not know {now}")
    sure(socket.gethostbyname(now) != "127.0.0.1", "its name leads to the loopback address")


@group.keeps("a service account whose token the API server takes, as the new pod's")
def token(_):
    before = who_am_i()
    yield
    now = who_am_i()
    same(now["username"], before["username"], "the account")
    same(now["extra"]["authentication.kubernetes.io/pod-name"], [socket.gethostname()], "the pod the token is for")


def who_am_i():
    """Asks the API server with what the pod's files say now, as client libraries do."""
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    request = urllib.request.Request(
        f"https://{host}:{port}/apis/authentication.k8s.io/v1/selfsubjectreviews",
        data=json.dumps(review).encode(),
        headers={
            "Authorization": f"Bearer {read(f'{ACCOUNT}/token').decode()}",
            "Content-Type": "application/json",
        },
    )
    trusted = ssl.create_default_context(cafile=f"{ACCOUNT}/ca.crt")
    with urllib.request.urlopen(request, context=trusted, timeout=10) as answer:
        return json.load(answer)["status"]["userInfo"]


@group.keeps("the environment it was started with")
def environment(_):
    before = dict(os.environ)
    sure(before.get("GREETING") == "hello world" and before.get("FROM_CONFIG") == "from the ConfigMap", f"{before}")
    yield
    same(dict(os.environ), before)
