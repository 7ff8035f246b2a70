#!/usr/bin/python3
"""The certificate authority changes while requests are under way: another
intermediate, another root, and the end of the old one."""

import json
import shutil
import subprocess

import wire
from authority import Authority
from mesh import main, scenario, wait_until
from people import Desk, Person

PASSWORD = "correct horse battery"


def pair(scene):
	"""web, which calls orders; gives control and both proxies."""
	control = scene.control()
	orders, web = (member(scene, control, name) for name in ("orders", "web"))
	wait_until(lambda: ask(web).status == 200, "orders answers")
	return control, web, orders


def member(scene, control, name, token=""):
	"""With token it joins by that one, and not by one that is made now."""
	app = scene.echo(f"app-{name}")
	proxy = scene.proxy(name, control=control, service=f"default/{name}",
	    apps=[f"80={app.http}/http"])
	if token:
		proxy.await_ready()
		proxy.stop()
		shutil.rmtree(proxy.state_dir)
		scene.file(f"{name}.token", token)
		proxy.start()
	return proxy.await_ready()


def ask(proxy):
	return wire.get(proxy.outbound_port, "http://orders.default.mesh/plain",
	    host="orders.default.mesh")


def load_on(proxy, **options):
	return wire.Load(proxy.outbound_port,
	    target="http://orders.default.mesh/plain", host="orders.default.mesh",
	    **options).start()


def roots(control):
	return control.ctl("ca", "export-bundle").stdout.count("BEGIN CERT")


def jwks(control):
	return json.loads(control.ctl("ca", "export-bundle", "--format",
	    "spiffe").stdout)


def issued_by(proxy):
	"""The subject of the CA that signed its certificate."""
	text = (proxy.state_dir / "identity.pem").read_text()
	leaf = text[text.index("-----BEGIN CERTIFICATE"):]
	return subprocess.run(["openssl", "x509", "-noout", "-issuer"], input=leaf,
	    text=True, capture_output=True, check=True).stdout


def follow(control, proxies):
	"""All of them have certificates of the CA that signs now."""
	now = json.loads(control.ctl("ca", "show", "-o", "json").stdout)
	name = now["intermediate"]["subject"].split()[-1]
	control.ctl("ca", "taint")
	wait_until(lambda: all(name in issued_by(proxy) for proxy in proxies),
	    "they renew", 30)


@scenario
def a_root_is_rotated_under_load_without_a_lost_request(scene):
	control, web, orders = pair(scene)
	load = load_on(web, rate=500)
	fresh = load_on(web, fresh=True, threads=2, rate=100)
	before = jwks(control)
	control.ctl("ca", "prepare", "--level", "root")
	assert roots(control) == 2
	after = jwks(control)
	assert [key["use"] for key in after["keys"]].count("x509-svid") == 2, after
	assert after["spiffe_refresh_hint"] > 0
	assert after["spiffe_sequence"] > before["spiffe_sequence"]
	for proxy in web, orders:
		wait_until(lambda proxy=proxy: (proxy.state_dir /
		    "bundle.pem").read_text().count("BEGIN CERT") == 2,
		    "it knows both")
	assert "prepared: root" in control.ctl("ca", "show").stdout
	control.ctl("ca", "prepare", expect=65)
	done = control.ctl("ca", "activate").stdout
	assert done.startswith("activated the root that was prepared\n\n"), done
	# Nobody is shut out by mistake.
	done = control.ctl("ca", "revoke", "--yes", expect=75)
	assert "2 hold only a certificate under the old root" in done.stderr, \
	    done.stderr
	# One under the new root talks to one under the old.
	follow(control, [web])
	load.more(200)
	follow(control, [orders])
	control.ctl("ca", "revoke", "--yes")
	assert roots(control) == 1
	for proxy in web, orders:
		wait_until(lambda proxy=proxy: (proxy.state_dir /
		    "bundle.pem").read_text().count("BEGIN CERT") == 1,
		    "it knows the new one alone")
	# An intermediate is no more than that.
	control.ctl("ca", "prepare")
	control.ctl("ca", "activate")
	follow(control, [web, orders])
	load.finish()
	fresh.finish()
	assert ask(web).status == 200
	# And all of it is there after a restart.
	control.stop()
	control.start()
	control.await_ready()
	assert roots(control) == 1
	wait_until(lambda: "in step with control" in web.err().rsplit(
	    "what we have stays in force", 1)[-1], "they are in touch again")
	log = control.ctl("audit", "-o", "json").stdout
	for action in "ca.prepare", "ca.activate", "ca.taint", "ca.drop":
		assert action in log, action


@scenario
def who_missed_a_rotation_finds_its_way_back(scene):
	"""Off while a root was published and put to use: the old root is all it
	knows, and what the old root signed for the new one is enough."""
	control, web, orders = pair(scene)
	assert web.stop() == 0
	token = control.token("default/batch", "batch").read_text()
	control.ctl("ca", "prepare", "--level", "root")
	control.ctl("ca", "activate")
	follow(control, [orders])
	web.start()
	web.await_ready()
	wait_until(lambda: ask(web).status == 200, "it calls as before")
	# So does who has a token of before, which names the old root alone.
	member(scene, control, "batch", token)


@scenario
def a_root_of_openssl_takes_over(scene):
	control, web, orders = pair(scene)
	root, key = scene.dir / "our.pem", scene.dir / "our.key"
	subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
	    "ec_paramgen_curve:P-256", "-nodes", "-days", "900", "-subj",
	    "/O=Our company/CN=Root", "-addext",
	    "basicConstraints=critical,CA:TRUE", "-addext",
	    "keyUsage=critical,keyCertSign,cRLSign", "-keyout", key, "-out", root],
	    capture_output=True, check=True)
	given = ["--root-cert", root, "--root-key", key]
	control.ctl("ca", "prepare", *given, expect=65)
	control.ctl("ca", "prepare", "--level", "root", *given[:2], expect=64)
	load = load_on(web, rate=200)
	control.ctl("ca", "prepare", "--level", "root", *given)
	said = control.ctl("ca", "activate", expect=64).stderr
	assert "remove the key of the root that is active now" in said, said
	control.ctl("ca", "activate", "--yes")
	follow(control, [web, orders])
	# Refused until the last renewal is in control's records.
	wait_until(lambda: control.ctl("ca", "revoke", "--yes",
	    expect=None).returncode == 0, "the old root is dropped")
	load.more(100)
	load.finish()
	exported = control.ctl("ca", "export-bundle").stdout
	assert exported.split() == root.read_text().split(), exported
	control.stop()
	control.start()
	control.await_ready()
	member(scene, control, "batch")
	# The root names no trust domain: people know it from elsewhere.
	assert "web" in Person(scene, control, "anna").ctl("get",
	    "services").stdout
	control.ctl("user", "add", "bob", "--role", "viewer",
	    stdin=PASSWORD + "\n")
	desk, login = Desk(scene, control, "bob"), ("login", "--user", "bob")
	said = desk.ctl(*login, stdin=PASSWORD + "\n", expect=78).stderr
	assert "trustDomain in config.yaml" in said, said
	with (desk.folder / "config.yaml").open("a") as file:
		file.write("trustDomain: mesh.internal\n")
	desk.ctl(*login, stdin=PASSWORD + "\n")
	assert "web" in desk.ctl("get", "services").stdout


@scenario
def the_root_s_key_is_kept_in_shares_and_comes_back(scene):
	"""It is not on control's machine until an intermediate is wanted."""
	control = scene.control()
	key = control.data_dir / "ca" / "root.key"
	text = key.read_text()
	shares = scene.dir / "shares"
	control.ctl("ca", "split", key, "--shares", "5", "--threshold", "3",
	    "--out-dir", shares)
	files = sorted(shares.iterdir())
	assert len(files) == 5 and all(path.stat().st_mode & 0o777 == 0o600
	    and "PRIVATE KEY" not in path.read_text() for path in files)
	assert control.stop() == 0
	key.unlink()
	control.start()
	control.await_ready()
	control.ctl("ca", "prepare", expect=78)
	assert control.stop() == 0
	damaged = scene.file("damaged", files[1].read_text().replace(
	    "commitment ", "commitment x", 1))
	done = control.ctl("ca", "combine", files[0], damaged, files[4], "--out",
	    key, expect=65)
	assert "damaged: its last line does not fit" in done.stderr, done.stderr
	control.ctl("ca", "combine", files[0], files[4], "--out", key, expect=65)
	assert not key.exists()
	control.ctl("ca", "combine", files[0], files[2], files[4], "--out", key)
	assert key.read_text() == text
	control.start()
	control.await_ready()
	control.ctl("ca", "prepare")
	control.ctl("ca", "activate")


@scenario
def who_holds_an_old_root_up_is_told_what_helps(scene):
	"""Nobody waits for the dead, and operators are not asked to renew."""
	control, web, orders = pair(scene)
	names = "killed", "stopped", "revoked"
	killed, stopped, revoked = (member(scene, control, name)
	    for name in names)
	anna, bob = Person(scene, control, "anna"), Person(scene, control, "bob")
	wait_until(lambda: "stopped" in control.ctl("get", "workloads").stdout,
	    "it is registered")
	assert stopped.stop() == 0
	killed.kill()
	control.ctl("revoke", "default/revoked", "--yes", "--wait", "0s", expect=None)
	control.ctl("operator", "revoke", "bob", "--yes")
	control.ctl("ca", "prepare", "--level", "root")
	control.ctl("ca", "activate")

	def refused():
		return control.ctl("ca", "revoke", "--yes", expect=75).stderr

	said = refused()
	assert "2 hold only a certificate under the old root, such as " \
	    "default/orders: mesh ctl ca taint;" in said, said
	assert "1 that holds one is not connected, such as default/killed" \
	    in said, said
	assert "1 operator nobody renews, such as anna: mesh ctl operator " \
	    "revoke anna, and mesh ctl operator create anna" in said, said
	assert "bob" not in said and "revoked" not in said.split(":", 1)[1], said
	follow(control, [web, orders])
	wait_until(lambda: "ca taint" not in refused(), "all renewed")
	# What was said helps.
	control.ctl("operator", "revoke", "anna", "--yes")
	anna = Person(scene, control, "anna", "--yes")
	said = refused()
	assert "operator" not in said.replace("mesh ctl operator", ""), said
	done = control.ctl("ca", "revoke", "--yes", "--force")
	assert "default/killed is refused until it joins with a new token" in \
	    done.stderr, done.stderr
	assert "default/stopped, which was stopped, is refused" in done.stderr, \
	    done.stderr
	assert len(done.stderr.splitlines()) == 2, done.stderr
	assert roots(control) == 1
	assert "web" in anna.ctl("get", "services").stdout
	assert ask(web).status == 200


def kept(person):
	"""How many roots stand in an operator's own bundle."""
	return (person.folder / "bundle.pem").read_text().count("BEGIN CERT")


@scenario
def an_operator_s_roots_follow(scene):
	"""Who asks anything while a root is published trusts what it signs."""
	control = scene.control()
	anna, bob = Person(scene, control, "anna"), Person(scene, control, "bob")
	desk = Desk(scene, control, "carol")
	old = scene.file("old.pem", (anna.folder / "bundle.pem").read_text())
	control.ctl("user", "add", "carol", "--role", "viewer",
	    stdin=PASSWORD + "\n")
	control.ctl("ca", "prepare", "--level", "root")
	said = anna.ctl("get", "services").stderr
	assert "control trusts other roots than before" in said, said
	assert kept(anna) == 2 and kept(bob) == 1
	assert (anna.folder / "bundle.pem").stat().st_mode & 0o777 == 0o600
	assert "roots" not in anna.ctl("get", "services").stderr
	desk.ctl("login", "--user", "carol", stdin=PASSWORD + "\n")
	assert kept(desk) == 2
	# A file that was named is its owner's matter.
	said = anna.ctl("get", "services", "--ca-file", old).stderr
	assert f"{old} lacks 1 root that control trusts" in said, said
	control.ctl("ca", "activate")
	anna.ctl("get", "services")
	said = control.ctl("ca", "revoke", "--yes", expect=75).stderr
	assert "2 operators nobody renews, such as anna" in said, said
	control.ctl("ca", "revoke", "--yes", "--force")
	# An intermediate of the new root alone: nothing leads to the old one.
	control.ctl("ca", "prepare")
	control.ctl("ca", "activate")
	desk.ctl("get", "services")
	assert kept(desk) == 1
	said = bob.ctl("get", "services", expect=77).stderr
	assert "have `mesh ctl ca export-bundle` called on its machine, and " \
	    f"put what that prints in the place of {bob.folder}/bundle.pem" \
	    in said, said
	# Her certificate is of the old root; to whom she talks she knows.
	said = anna.ctl("get", "services", expect=77).stderr
	assert "operator.pem: the chain leads to no root of the trust bundle; " \
	    "somebody else has to call `mesh ctl operator revoke anna`" in said, \
	    said
	assert kept(anna) == 1
	control.ctl("operator", "revoke", "anna", "--yes")
	anna = Person(scene, control, "anna", "--yes")
	anna.ctl("get", "services")
	# As he was told.
	control.ctl("ca", "export-bundle", "--out", bob.folder / "bundle.pem",
	    "--yes")
	said = bob.ctl("get", "services", expect=78).stderr
	assert "somebody else has to call `mesh ctl operator revoke bob` and " \
	    "`mesh ctl operator create bob`" in said, said


@scenario
def an_intermediate_signed_elsewhere_takes_over(scene):
	control, web, orders = pair(scene)
	far, anna = Authority(scene), Person(scene, control, "anna")
	request = control.ctl("ca", "prepare", "--csr").stdout
	control.ctl("ca", "prepare", "--csr", "--level", "root", expect=64)
	no_ca = far.sign(request, "basicConstraints=critical,CA:FALSE\n")
	said = control.ctl("ca", "prepare", "--chain", no_ca, expect=65).stderr
	assert "nobody would trust what it signs" in said, said
	alone = far.sign(request, root=False)
	said = control.ctl("ca", "prepare", "--chain", alone, expect=65).stderr
	assert "its root goes behind it" in said, said
	said = control.ctl("ca", "prepare", "--chain", far.sign(request,
	    by="sha512"), expect=65).stderr
	assert "not signed by ECDSA with SHA-256" in said, said
	load = load_on(web, rate=200)
	said = control.ctl("ca", "prepare", "--chain", far.sign(request)).stdout
	assert "prepared: root" in said, said
	# It would lose its own root for good.
	said = control.ctl("ca", "activate", expect=64).stderr
	assert "remove the key of the root that is active now from control's " \
	    "machine" in said and "add --yes" in said, said
	said = control.ctl("api", "POST", "/v1/ca/activate", "-f",
	    scene.file("none.json", "{}"), expect=75).stderr
	assert "forgetRootKey: the key of the active root" in said, said
	assert (control.data_dir / "ca/root.key").exists()
	control.ctl("ca", "activate", "--yes")
	assert "the key of the root that was active, is removed" in control.err()
	# Who did not hear of the new root follows from the old one.
	assert "control trusts other roots" in anna.ctl("get", "services").stderr
	follow(control, [web, orders])
	assert "far root" not in issued_by(web), "it signs no leaf itself"
	control.ctl("operator", "revoke", "anna", "--yes")
	wait_until(lambda: control.ctl("ca", "revoke", "--yes",
	    expect=None).returncode == 0, "the old root is dropped")
	exported = control.ctl("ca", "export-bundle").stdout
	assert exported.split() == far.root.read_text().split(), exported
	assert not (control.data_dir / "ca/root.key").exists()
	# Each one that follows comes from there, too.
	said = control.ctl("ca", "prepare", expect=78).stderr
	assert "ca prepare --csr" in said, said
	control.stop()
	control.start()
	control.await_ready()
	wait_until(lambda: control.ctl("proxy", "status").stdout.count("SYNCED")
	    == 2, "they are in touch again")
	request = control.ctl("ca", "prepare", "--csr").stdout
	control.ctl("ca", "prepare", "--chain", far.sign(request, root=False))
	control.ctl("ca", "activate")
	follow(control, [web, orders])
	load.more(100)
	load.finish()
	member(scene, control, "batch")
	assert "ca.request" in control.ctl("audit", "-o", "json").stdout


def settle_under(control, far, proxies):
	"""What far signs is in force, and what was before is not."""
	request = control.ctl("ca", "prepare", "--csr").stdout
	control.ctl("ca", "prepare", "--chain", far.sign(request))
	control.ctl("ca", "activate", "--yes")
	follow(control, proxies)
	wait_until(lambda: control.ctl("ca", "revoke", "--yes",
	    expect=None).returncode == 0, "the old root is dropped")


@scenario
def the_end_of_what_others_sign_is_foretold(scene):
	"""Control cannot make the next one, and says to people who can."""
	control = scene.control()
	far = Authority(scene)
	assert "elsewhere" not in control.ctl("ca", "show").stdout
	request = control.ctl("ca", "prepare", "--csr").stdout
	control.ctl("ca", "prepare", "--chain", far.sign_old(request, 280, 20))
	control.ctl("ca", "activate", "--yes")
	assert "the active root's key is elsewhere" in \
	    control.ctl("ca", "show").stdout
	said = control.ctl("check", expect=None).stdout
	assert "the root's key is elsewhere: mesh ctl ca prepare --csr > FILE, " \
	    "have that signed there" in said, said
	assert "control's log says why" not in said, said
	control.stop()
	before = len(control.err())
	control.start()
	control.await_ready()
	said = wait_until(lambda: [line for line in control.err()[before:]
	    .splitlines() if "and the root's key is elsewhere" in line],
	    "it says so at the start")
	assert len(said) == 1 and "warn  ca: the intermediate ends 20" in said[0], \
	    said
	assert "mesh ctl ca prepare --csr prints a request" in said[0], said
	assert "error ca: rotation" not in control.err()
	request = control.ctl("ca", "prepare", "--csr").stdout
	control.ctl("ca", "prepare", "--chain", far.sign(request, root=False))
	said = control.ctl("check", expect=None).stdout
	assert "prepare --csr" not in said, said


@scenario
def one_root_kept_elsewhere_follows_another_under_load(scene):
	"""Neither key is ever here, so that nothing leads from one to the other:
	the new one is published first, and who is there then goes on."""
	control, web, orders = pair(scene)
	off, dead = (member(scene, control, name) for name in ("off", "dead"))
	first, second = Authority(scene, "first"), Authority(scene, "second")
	settle_under(control, first, [web, orders, off, dead])
	off.stop()
	dead.kill()
	load = load_on(web, rate=300)
	fresh = load_on(web, fresh=True, threads=2, rate=50)
	request = control.ctl("ca", "prepare", "--csr").stdout
	done = control.ctl("ca", "prepare", "--chain", second.sign(request))
	assert "prepared: root" in done.stdout, done.stdout
	assert "second root" in done.stdout, done.stdout
	assert "has to join anew" in done.stderr, done.stderr
	assert roots(control) == 2
	for proxy in web, orders:
		wait_until(lambda proxy=proxy: (proxy.state_dir /
		    "bundle.pem").read_text().count("BEGIN CERT") == 2,
		    "it knows both")
	wait_until(lambda: "nothing leads from the active root" in control.err(),
	    "who was off is thought of")
	load.more(100)
	said = control.ctl("ca", "activate", expect=75).stderr
	assert "1 that is not connected may not have heard of it, such as " \
	    "default/dead: start or delete" in said, said
	done = control.ctl("ca", "activate", "--force")
	assert "default/dead may not know the new root" in done.stderr, done.stderr
	assert "default/off, which was stopped, may not know" in done.stderr, \
	    done.stderr
	# One under the new root talks to one under the old.
	follow(control, [web])
	load.more(100)
	follow(control, [orders])
	control.ctl("ca", "revoke", "--yes", "--force")
	exported = control.ctl("ca", "export-bundle").stdout
	assert exported.split() == second.root.read_text().split(), exported
	load.more(100)
	load.finish()
	fresh.finish()
	assert ask(web).status == 200
	control.stop()
	control.start()
	control.await_ready()
	member(scene, control, "batch")
	# Who was off joins anew: a token says what is trusted now.
	control.token("default/off", "off")
	shutil.rmtree(off.state_dir)
	off.start()
	off.await_ready()
	wait_until(lambda: ask(off).status == 200, "it calls as before")


@scenario
def what_was_prepared_by_mistake_is_discarded(scene):
	control, web, orders = pair(scene)
	before = control.ctl("ca", "export-bundle").stdout
	load = load_on(web, rate=200)
	far = Authority(scene)
	control.ctl("ca", "discard", "--yes", expect=1)
	request = control.ctl("ca", "prepare", "--csr").stdout
	control.ctl("ca", "prepare", "--chain", far.sign(request))
	for proxy in web, orders:
		wait_until(lambda proxy=proxy: (proxy.state_dir /
		    "bundle.pem").read_text().count("BEGIN CERT") == 2,
		    "it knows both")
	said = control.ctl("ca", "discard", expect=64).stderr
	assert "throw away the root that is prepared" in said, said
	assert roots(control) == 2
	done = control.ctl("ca", "discard", "--yes")
	assert "prepared" not in done.stdout.partition("\n")[2], done.stdout
	assert control.ctl("ca", "export-bundle").stdout == before
	for proxy in web, orders:
		wait_until(lambda proxy=proxy: (proxy.state_dir /
		    "bundle.pem").read_text().count("BEGIN CERT") == 1,
		    "it has forgotten that")
	control.ctl("ca", "activate", expect=1)
	# The right one follows.
	request = control.ctl("ca", "prepare", "--csr").stdout
	control.ctl("ca", "prepare", "--chain", far.sign(request))
	control.ctl("ca", "activate", "--yes")
	follow(control, [web, orders])
	load.more(100)
	load.finish()
	assert "ca.discard" in control.ctl("audit", "-o", "json").stdout


@scenario
def a_root_kept_elsewhere_vouches_for_the_next(scene):
	"""The authority signs its next root by its last: who was off meanwhile
	goes on, as it does where both keys are here."""
	control, web, orders = pair(scene)
	first, second = Authority(scene, "first"), Authority(scene, "second")
	settle_under(control, first, [web, orders])
	web.stop()
	request = control.ctl("ca", "prepare", "--csr").stdout
	signed = second.sign(request)
	stranger = Authority(scene, "stranger")
	said = control.ctl("ca", "prepare", "--chain", scene.file("bad.pem",
	    signed.read_text() + stranger.vouch(second)), expect=65).stderr
	assert "certificate 3 has no place" in said, said
	done = control.ctl("ca", "prepare", "--chain", scene.file("good.pem",
	    signed.read_text() + first.vouch(second)))
	assert done.stderr == "", done.stderr
	control.ctl("ca", "activate")
	follow(control, [orders])
	web.start()
	web.await_ready()
	wait_until(lambda: ask(web).status == 200, "it calls as before")


if __name__ == "__main__":
	main()
