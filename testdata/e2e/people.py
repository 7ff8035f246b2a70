"""People at control: their roles, and ctl as they run it.

  binding   a RoleBinding or ClusterRoleBinding, as a dictionary
  Person    an operator with a certificate, and ctl of that one
  Desk      ctl of somebody who has a trust bundle and control's address
  curl_api  one request over TLS with a token, by curl
"""

import os
import subprocess

from member import Api
from mesh import MESH, SLOWER


def binding(kind, name, role, user=None, group=None, namespace=None):
	subject = {"kind": "User", "name": user} if user else \
	    {"kind": "Group", "name": group}
	document = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind,
	    "metadata": {"name": name}, "subjects": [subject],
	    "roleRef": {"kind": "ClusterRole", "name": role}}
	if namespace:
		document["metadata"]["namespace"] = namespace
	return document


class Person:
	"""An operator of control with a certificate, and ctl of that one."""

	def __init__(self, scene, control, name, *options):
		self.scene = scene
		self.folder = scene.dir / name / "mesh"
		control.ctl("operator", "create", name, "--out-dir", self.folder,
		    "--control", control.api, *options)
		self.api = Api(control, local=False, identity=(
		    self.folder / "operator.pem", self.folder / "operator.key"))

	def ctl(self, *words, expect=0, stdin=""):
		done = subprocess.run([str(MESH), "ctl", *map(str, words)],
		    input=stdin, text=True, capture_output=True,
		    timeout=30 * SLOWER, check=False, cwd=self.scene.dir,
		    env={"PATH": os.environ["PATH"],
		    "XDG_CONFIG_HOME": str(self.folder.parent)})
		assert done.returncode == expect, (done.returncode, done.stdout,
		    done.stderr)
		return done


class Desk:
	"""ctl of somebody who has a trust bundle and control's address."""

	def __init__(self, scene, control, name):
		self.scene = scene
		self.folder = scene.dir / f"desk-{name}" / "mesh"
		self.folder.mkdir(parents=True)
		(self.folder / "bundle.pem").write_text(
		    Api(control).get("/v1/trust-bundle").text)
		(self.folder / "config.yaml").write_text(f"server: {control.api}\n")

	def ctl(self, *words, expect=0, stdin=""):
		done = subprocess.run([str(MESH), "ctl", *map(str, words)],
		    input=stdin, text=True, capture_output=True,
		    timeout=30 * SLOWER, check=False, cwd=self.scene.dir,
		    env={"PATH": os.environ["PATH"],
		    "XDG_CONFIG_HOME": str(self.folder.parent)})
		assert done.returncode == expect, (done.returncode, done.stdout,
		    done.stderr)
		return done

	def token(self):
		return (self.folder / "token").read_text().strip()


def curl_api(scene, control, path, token, *more):
	"""A request over TLS with a token, by curl."""
	roots = scene.file("roots.pem", Api(control).get("/v1/trust-bundle").text)
	return subprocess.run(["curl", "-s", "-o", "-", "-w", "\n%{http_code}",
	    "--cacert", roots, "--resolve",
	    f"control.mesh:{control.api_port}:127.0.0.1", "-H",
	    f"Authorization: Bearer {token}", *more,
	    f"https://control.mesh:{control.api_port}{path}"], text=True,
	    capture_output=True, timeout=30, check=True).stdout.rsplit("\n", 1)
