"""A small PKI made with openssl: root, intermediate and leaves, ECDSA on P-256."""

import secrets
import subprocess
from pathlib import Path

ROOT_EXTENSIONS = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
INTERMEDIATE_EXTENSIONS = (
    "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n"
    "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
)


class PkiFailed(Exception):
    """openssl is missing or did not do as it was told."""


class Pki:
    """Everything lies in one folder, as PEM."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, mode=0o700)
        self.root = self._issue("root", "Stage Root", ROOT_EXTENSIONS, days=3650, issuer=None)
        self.intermediate = self._issue("intermediate", "Stage Intermediate", INTERMEDIATE_EXTENSIONS, 1800, "root")

    def leaf(self, label, names, days):
        """A certificate for `names`, and the path of its private key."""
        extensions = (
            "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n"
            "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
            f"subjectAltName={','.join(f'DNS:{name}' for name in names)}\n"
        )
        certificate = self._issue(label, names[0], extensions, days, "intermediate")
        return certificate, self._key(label)

    def bundles(self, names, days):
        """For each name the text of a bundle. They share a key, so that thousands are made in seconds."""
        common, _ = self.leaf("common", ["bulk.example.com"], days)
        issuer = (self.intermediate.read_text(), self.root.read_text())
        extension_file, certificate = self.folder / "many.ext", self.folder / "many.crt"
        for name in names:
            extension_file.write_text(
                "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n"
                f"authorityKeyIdentifier=keyid\nsubjectAltName=DNS:{name}\n")
            self._sign(common.with_suffix(".csr"), certificate, extension_file, days, "intermediate")
            yield name, "".join((self._key("common").read_text(), certificate.read_text(), *issuer))

    def bundle(self, label, certificate, key):
        """One file, as a CA's download page gives it: nothing in the order that ACM wants."""
        parts = [key, self.root, certificate, self.intermediate]
        path = self.folder / f"{label}.pem"
        path.write_text("".join(part.read_text() for part in parts))
        return path

    def serial(self, certificate):
        """The serial number as ACM shows it: `0a:1b:...`."""
        digits = self._openssl("x509", "-noout", "-serial", "-in", certificate).strip().partition("=")[2].lower()
        return ":".join(digits[at:at + 2] for at in range(0, len(digits), 2))

    def _issue(self, label, subject, extensions, days, issuer):
        key, request = self._key(label), self.folder / f"{label}.csr"
        certificate, extension_file = self.folder / f"{label}.crt", self.folder / f"{label}.ext"
        extension_file.write_text(extensions)
        self._openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
        self._openssl("req", "-new", "-sha256", "-key", key, "-subj", f"/CN={subject}", "-out", request)
        return self._sign(request, certificate, extension_file, days, issuer)

    def _sign(self, request, certificate, extension_file, days, issuer):
        own = self._key(certificate.stem)
        signer = ["-CA", self.folder / f"{issuer}.crt", "-CAkey", self._key(issuer)] if issuer else ["-signkey", own]
        # Sixteen random bytes of which the first is from 01 to 7f: positive, and none is left out in print.
        serial = f"0x4c{secrets.token_hex(15)}"
        self._openssl("x509", "-req", "-sha256", "-in", request, *signer, "-set_serial", serial,
                      "-days", str(days), "-extfile", extension_file, "-out", certificate)
        return certificate

    def _key(self, label):
        return self.folder / f"{label}.key"

    def _openssl(self, *arguments):
        command = ["openssl", *map(str, arguments)]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        except FileNotFoundError:
            raise PkiFailed("openssl is not on the PATH; the stage needs it to make certificates") from None
        if done.returncode != 0:
            raise PkiFailed(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout
