"""The certification authority that ACME clients talk to: pebble, Let's Encrypt's own test server."""

import json
import subprocess

import servers

# uacme goes by the roots of the system, and has no option for others.
ROOTS = "/etc/ssl/certs/ca-certificates.crt"
OTHER_ROOTS = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *opened(const char *name, const char *path, const char *mode) {
    FILE *(*real)(const char *, const char *) = (FILE *(*)(const char *, const char *)) dlsym(RTLD_NEXT, name);
    return real(strcmp(path, "ROOTS") ? path : getenv("SSL_CERT_FILE"), mode);
}

FILE *fopen(const char *path, const char *mode) { return opened("fopen", path, mode); }
FILE *fopen64(const char *path, const char *mode) { return opened("fopen64", path, mode); }
"""


def start(work, pki, running):
    """pebble, which takes every challenge for met; gives the address of its directory."""
    certificate, key = pki.leaf("pebble", ["localhost"], days=30)
    chain = work / "pebble.crt"
    chain.write_text(certificate.read_text() + pki.intermediate.read_text())
    port = servers.free_port()
    configuration = work / "pebble.json"
    configuration.write_text(json.dumps({"pebble": {
        "listenAddress": f"127.0.0.1:{port}",
        "managementListenAddress": f"127.0.0.1:{servers.free_port()}",
        "certificate": str(chain),
        "privateKey": str(key),
        "httpPort": 5002,
        "tlsPort": 5001,
        "externalAccountBindingRequired": False,
    }}))
    pebble = servers.Server("pebble", port, ["pebble", "-config", configuration], {
        "PEBBLE_VA_ALWAYS_VALID": "1",
        "PEBBLE_VA_NOSLEEP": "1",
        # By default it refuses some of what is right, to see whether clients try again.
        "PEBBLE_WFE_NONCEREJECT": "0",
    }, work)
    running.callback(pebble.stop)
    pebble.wait()
    return f"https://localhost:{port}/dir"


def trust(pki):
    """The variables by which each of the clients trusts pebble."""
    root = str(pki.root)
    return {
        "REQUESTS_CA_BUNDLE": root,  # certbot
        "LEGO_CA_CERTIFICATES": root,
        "CURL_CA_BUNDLE": root,  # dehydrated
        "SSL_CERT_FILE": root,
    }


def with_other_roots(work):
    """A library by which a program reads SSL_CERT_FILE in place of the roots of the system."""
    source, library = work / "roots.c", work / "roots.so"
    source.write_text(OTHER_ROOTS.replace("ROOTS\"", f"{ROOTS}\""))
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library
