"""A certificate authority of openssl, whose key control never sees."""

import datetime
import subprocess

CA_CERTIFICATE = """basicConstraints=critical,CA:TRUE,pathlen:0
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
"""


CROSS_CERTIFICATE = CA_CERTIFICATE.replace(",pathlen:0", "")


class Authority:
	"""One of openssl; control never sees its key."""

	def __init__(self, scene, name="far"):
		self.scene, self.name, self.count = scene, name, 0
		self.root = scene.dir / f"{name}.pem"
		self.key = scene.dir / f"{name}.key"
		subprocess.run(["openssl", "req", "-x509", "-newkey", "ec",
		    "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
		    "900", "-subj", f"/O=Our company/CN={name} root", "-addext",
		    "basicConstraints=critical,CA:TRUE", "-addext",
		    "keyUsage=critical,keyCertSign,cRLSign", "-keyout", self.key,
		    "-out", self.root], capture_output=True, check=True)

	def sign(self, request, extensions=CA_CERTIFICATE, root=True, by="sha256"):
		self.count += 1
		scene, name = self.scene, self.name
		done = subprocess.run(["openssl", "x509", "-req", "-in",
		    scene.file(f"{name}.csr", request), "-CA", self.root, "-CAkey",
		    self.key, "-days", "300", "-set_serial", str(self.count), f"-{by}",
		    "-extfile", scene.file(f"{name}.cnf", extensions)],
		    capture_output=True, text=True, check=True)
		return scene.file(f"{name}-{self.count}.pem", done.stdout +
		    (self.root.read_text() if root else ""))

	@classmethod
	def of(cls, scene, name, root, key):
		"""One whose root and key are in these files."""
		self = cls.__new__(cls)
		self.scene, self.name, self.count = scene, name, 0
		self.root, self.key = root, key
		return self

	def sign_old(self, request, age, left):
		"""One of a life that began some days ago; it has so many left."""
		signed = self.sign_between(request, age, left)
		return self.scene.file(f"{self.name}-old.pem", signed +
		    self.root.read_text())

	def backdate(self, path, key, age, left, itself=False):
		"""The CA in this file is one of such a life from now on."""
		folder = self.folder()
		subprocess.run(["openssl", "x509", "-x509toreq", "-in", path,
		    "-signkey", key, "-out", folder / "again.csr"],
		    capture_output=True, check=True)
		path.write_text(self.sign_between((folder / "again.csr").read_text(),
		    age, left, itself))

	def folder(self):
		folder = self.scene.dir / f"{self.name}-ca"
		folder.mkdir(exist_ok=True)
		return folder

	def sign_between(self, request, age, left, itself=False):
		folder = self.folder()
		(folder / "index.txt").write_text("")
		extensions = CROSS_CERTIFICATE if itself else CA_CERTIFICATE
		(folder / "conf").write_text(f"""[ca]
default_ca = d
[d]
new_certs_dir = {folder}
database = {folder}/index.txt
rand_serial = yes
default_md = sha256
policy = p
x509_extensions = v
[p]
commonName = supplied
[v]
{extensions}""")
		now = datetime.datetime.now(datetime.timezone.utc)
		start, end = ((now + datetime.timedelta(days=days)).strftime(
		    "%Y%m%d%H%M%SZ") for days in (-age, left))
		subprocess.run(["openssl", "ca", "-batch", "-notext", "-config",
		    folder / "conf", "-in", self.scene.file("old.csr", request),
		    *(["-selfsign"] if itself else ["-cert", self.root]),
		    "-keyfile", self.key, "-startdate", start,
		    "-enddate", end, "-out", folder / "signed"],
		    capture_output=True, check=True)
		return (folder / "signed").read_text()

	def vouch(self, other):
		"""The other's root, signed by this one."""
		scene = self.scene
		request = subprocess.run(["openssl", "req", "-new", "-key",
		    other.key, "-subj", f"/O=Our company/CN={other.name} root"],
		    capture_output=True, text=True, check=True).stdout
		return subprocess.run(["openssl", "x509", "-req", "-in",
		    scene.file("cross.csr", request), "-CA", self.root, "-CAkey",
		    self.key, "-days", "300", "-set_serial", "99", "-extfile",
		    scene.file("cross.cnf", CROSS_CERTIFICATE)],
		    capture_output=True, text=True, check=True).stdout
