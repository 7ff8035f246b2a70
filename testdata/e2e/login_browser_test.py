#!/usr/bin/python3
"""People log in at a Gateway with the browser that they have."""

from chromium import Chromium
from mesh import main, scenario
from shop import HOST, Shop

TELLS = "  claimToHeaders: [{header: x-user, claim: sub}]\n"


class Person:
	"""A Shop whose provider has a form, and a window of somebody's browser."""

	def __init__(self, scene):
		self.shop = Shop(scene, more=TELLS)
		self.shop.provider.has_form = True
		self.browser = Chromium(scene, [scene.dir / "shop.crt",
		    scene.dir / "idp0.crt"])
		self.page = self.browser.page()

	def log_in(self, path, who="ann"):
		self.page.go(self.shop.url + path)
		self.page.wait("document.title == 'log in'", "the provider asks")
		assert self.page.url.startswith(self.shop.provider.url)
		self.page.write("[name=user]", who)
		self.page.write("[name=password]", self.shop.provider.password)
		self.page.click("button")
		self.page.wait(f"location.hostname == '{HOST}'", "it leads back")


@scenario
def a_browser_of_people_logs_in_and_out(scene):
	one = Person(scene)
	shop, page = one.shop, one.page
	one.log_in("/account?tab=2")
	assert page.url == shop.url + "/account?tab=2", page.url
	assert '"/account?tab=2"' in page.text and "ann" in page.text, page.text
	page.picture(scene.dir / "logged-in.png")
	# It holds one cookie, which is the Gateway's alone and no script's.
	held = page.cookies(shop.url)
	cookie = held.pop("__Host-mesh-session")
	assert held == {}, held
	assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"],
	    cookie["path"], cookie["domain"], cookie["session"]) == \
	    (True, True, "Lax", "/", HOST, True), cookie
	assert page.run("document.cookie") == ""
	assert cookie["value"] not in page.text, "no application's either"
	# Scripts of the page come through, and of a stranger's window do not.
	assert page.run("fetch('/x').then(r => r.status)") == 200
	other = one.browser.page()
	other.go(shop.url + "/account")
	other.wait("document.title == 'log in'", "another has to log in")
	page.go(shop.url + "/logout")
	page.wait("document.body.innerText == 'bye'", "the provider says bye")
	assert page.cookies(shop.url) == {}
	page.go(shop.url + "/account")
	page.wait("document.title == 'log in'", "who is out has to log in")


@scenario
def a_page_of_somebody_else_logs_nobody_out(scene):
	one = Person(scene)
	shop, page = one.shop, one.page
	one.log_in("/account")
	page.go(shop.provider.url + "/logout")
	page.wait("document.body.innerText == 'bye'", "another site's page")
	page.run(f"void (location.href = '{shop.url}/logout')")
	page.wait("document.title == 'Log out'", "it asks first")
	assert "__Host-mesh-session" in page.cookies(shop.url)
	page.click("a")
	page.wait("document.body.innerText == 'bye'", "and does as it is told")
	assert page.cookies(shop.url) == {}


if __name__ == "__main__":
	main()
