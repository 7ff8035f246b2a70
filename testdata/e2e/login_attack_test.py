#!/usr/bin/python3
"""What strangers and accidents do to logins at a Gateway."""

import concurrent.futures
import time
import urllib.parse

from mesh import curl, main, scenario, wait_until
from shop import HOST, Shop

NAME = "__Host-mesh-session"


@scenario
def nobody_is_led_elsewhere_by_a_login(scene):
	shop = Shop(scene)
	for path in ("//evil.example", "/%2F/evil.example", "/\\evil.example",
	    "/%5C/evil.example", "/..//evil.example", "/.//evil.example",
	    "///evil.example", "/https://evil.example",
	    "/x?to=//evil.example", "/%0d%0aLocation:%20//evil.example",
	    "/%09/evil.example", "/;//evil.example", "/@evil.example"):
		shop.one = shop.browser()
		asked = shop.one.get(shop.url + path, follow=False)
		if asked.status == 400:
			continue	# none that can be asked for
		back = curl(asked.header("location"), *shop.options)
		done = shop.one.get(back.header("location"), follow=False)
		led = done.header("location")
		where = urllib.parse.urljoin(shop.url, led.replace("\\", "/"))
		assert urllib.parse.urlsplit(where).hostname == HOST, (path, led)
		assert led.startswith("/") and not led.startswith("//"), (path, led)
		assert done.head.lower().count("location:") == 1, done.head
	# Nor by a host that is none of ours.
	led = shop.curl("/plain", "-H", "Host: evil.example", "-H",
	    "Accept: text/html")
	assert led.header("location") is None or urllib.parse.urlsplit(
	    led.header("location")).hostname == "idp.example", led.head


@scenario
def a_way_back_is_good_for_one_browser_once(scene):
	shop = Shop(scene)
	back = shop.begin()
	held = dict(shop.one.cookies[HOST])
	# Who sends a victim to the end of his own login logs nobody in.
	victim = shop.browser()
	assert victim.get(back, follow=False).status == 400
	assert victim.cookies[HOST] == {}
	# Nor with a login of her own under way.
	shop.begin(browser=victim)
	assert victim.get(back, follow=False).status == 400
	assert NAME not in victim.cookies[HOST]
	assert shop.one.get(back, follow=False).status == 302
	# By somebody who saw it all, cookie and address: the code is used up.
	thief = shop.browser()
	thief.cookies[HOST] = held
	assert thief.get(back, follow=False).status == 502
	assert NAME not in thief.cookies[HOST]
	# What another provider sends back (RFC 9207), or none at all.
	for more, status in (("&iss=https%3A%2F%2Fevil.example", 400),
	    ("&iss=" + urllib.parse.quote(shop.provider.url, safe=""), 302)):
		shop.one = shop.browser()
		assert shop.one.get(shop.begin() + more, follow=False).status == \
		    status, more
	for query in ("", "?", "?code=x", "?state=x", "?code=x&state=" + "0" * 32,
	    "?code=x&state=" + "0" * 900):
		assert shop.browser().get(f"{shop.url}/oauth2/callback{query}",
		    follow=False).status == 400, query


@scenario
def a_session_is_of_one_provider_and_one_client(scene):
	shop = Shop(scene)
	another = shop.another_provider()
	assert shop.browse("/plain").status == 200
	for old, new in ((shop.provider.url, another.url), ("clientID: " +
	    shop.provider.client, "clientID: else")):
		shop.edge.write("documents", shop.text.replace(old, new))
		wait_until(lambda: shop.browse("/plain", follow=False).status ==
		    302, "who was somebody there is nobody here")
		shop.edge.write("documents", shop.text)
		wait_until(lambda: shop.browse("/plain", follow=False).status ==
		    200, "and is again")


@scenario
def nobody_is_logged_out_by_another_page(scene):
	shop = Shop(scene)
	assert shop.browse("/plain").status == 200
	for site in ("cross-site", "same-site"):
		sent = shop.browse("/logout", follow=False,
		    more=("-H", f"Sec-Fetch-Site: {site}"))
		assert sent.status == 403 and "text/html" in \
		    sent.header("content-type"), sent.head
		assert "frame-ancestors 'none'" in \
		    sent.header("content-security-policy"), sent.head
	assert shop.browse("/plain", follow=False).status == 200
	# By a click on what that shows, or as it was typed.
	for site in ("same-origin", "none"):
		assert shop.browse("/logout", follow=False,
		    more=("-H", f"Sec-Fetch-Site: {site}")).status == 302
		assert shop.browse("/plain", follow=False).status == 302
		shop.browse("/plain")


@scenario
def a_session_may_be_large_and_no_more(scene):
	shop = Shop(scene)
	provider = shop.provider

	def pieces():
		return sorted(name for name in shop.one.cookies[HOST])
	provider.claims = {"groups": ["g" * 100] * 70}
	assert shop.browse("/plain").status == 200
	assert pieces() == [NAME, NAME + "-1", NAME + "-2"], pieces()
	assert shop.browse("/plain", follow=False).status == 200
	assert "cookie" not in shop.browse("/x", follow=False).json()["headers"]
	# One that lost a piece, or has another's, is none.
	held = shop.one.cookies[HOST]
	whole = dict(held)
	held[NAME + "-1"] = whole[NAME + "-2"]
	assert shop.browse("/x", follow=False).status == 302
	shop.one.cookies[HOST] = dict(list(whole.items())[:2])
	assert shop.browse("/x", follow=False).status == 302
	# A smaller one leaves nothing of it.
	shop.one.cookies[HOST] = {**whole, NAME: "x"}
	provider.claims = {}
	assert shop.browse("/plain").status == 200
	assert pieces() == [NAME], pieces()
	shop.one = shop.browser()
	provider.claims = {"groups": ["g" * 100] * 112}
	assert shop.browse("/plain").status == 502
	assert pieces() == []
	wait_until(lambda: "login[too_large]" in shop.edge.out(), "it is told")
	# What would come back in one line that nobody takes is not given out.
	shop.one = shop.browser("--http1.1")
	provider.claims = {"groups": ["g" * 100] * 70}
	assert shop.browse("/plain").status == 502
	assert pieces() == []
	provider.claims = {"groups": ["g" * 100] * 35}
	assert shop.browse("/plain").status == 200
	assert pieces() == [NAME, NAME + "-1"], pieces()
	assert shop.browse("/x", follow=False).status == 200


@scenario
def a_browser_that_asks_again_and_again_can_still_log_in(scene):
	shop = Shop(scene)
	for _ in range(20):
		assert shop.browse("/plain", follow=False).status == 302
		assert len(shop.one.cookies[HOST]) <= 6
	assert shop.browse("/plain").status == 200
	# A path that no cookie holds is not the one that is led back to.
	shop.one = shop.browser()
	got = shop.browse("/x?" + "y" * 6000)
	assert got.status == 200 and got.json()["path"] == "/x", got.body


@scenario
def clocks_may_be_off_by_a_minute(scene):
	shop = Shop(scene)
	provider = shop.provider
	now = int(time.time())
	provider.asked.clear()
	provider.forged = {"exp": now - 30, "iat": now - 630}
	assert shop.browse("/plain").status == 200, "no ring of logins"
	assert provider.asked["authorization_code"] == 1
	assert provider.asked["refresh_token"] == 0
	for forged, status in (({"exp": now - 3600}, 502),
	    ({"nbf": now + 30, "iat": now + 30}, 200),
	    ({"nbf": now + 3600}, 502)):
		shop.one = shop.browser()
		provider.forged = forged
		assert shop.browse("/plain").status == status, forged


@scenario
def a_provider_that_is_down_ends_no_session(scene):
	shop = Shop(scene)
	provider = shop.provider
	back = shop.begin()
	provider.is_down = True
	assert shop.one.get(back, follow=False).status == 502
	provider.is_down = False
	shop.log_in_briefly()
	provider.is_down = True
	held = dict(shop.one.cookies[HOST])
	wait_until(lambda: shop.browse("/plain", follow=False).status == 503,
	    "it cannot be refreshed, and nobody comes in by what is over")
	assert shop.one.cookies[HOST] == held, "the session is still there"
	provider.is_down = False
	wait_until(lambda: shop.browse("/plain", follow=False).status == 200,
	    "and goes on")
	assert provider.asked["authorization_code"] == 0


def over(shop):
	"""A browser whose session has to be renewed."""
	one = shop.log_in_briefly()
	ends = time.time() + 3
	wait_until(lambda: time.time() > ends, "the session is over")
	return one


@scenario
def requests_at_once_spend_one_refresh_token(scene):
	shop = Shop(scene)
	provider = shop.provider
	one = over(shop)
	provider.gate.clear()

	def ask(path):
		other = shop.browser()
		other.cookies[HOST] = dict(one.cookies[HOST])
		return other.get(shop.url + path, follow=False), other
	with concurrent.futures.ThreadPoolExecutor(8) as pool:
		asked = [pool.submit(ask, f"/x{i}") for i in range(8)]
		wait_until(lambda: provider.asked["refresh_token"] > 0, "it is asked")
		provider.gate.set()
		got = [each.result() for each in asked]
	assert [answer.status for answer, _ in got] == [200] * 8
	assert provider.asked["refresh_token"] == 1, provider.asked
	# A late one with the old cookie; and each has the new session.
	assert ask("/late")[0].status == 200
	for _, other in got:
		assert other.cookies[HOST] != one.cookies[HOST]
		assert other.get(shop.url + "/y", follow=False).status == 200
	assert provider.asked["refresh_token"] == 1, provider.asked
	assert provider.asked["authorization_code"] == 0


@scenario
def a_refresh_goes_on_when_who_began_it_is_gone(scene):
	shop = Shop(scene)
	provider = shop.provider
	one = over(shop)
	provider.gate.clear()
	wait_until(lambda: one.get(shop.url + "/x", False, ("--max-time",
	    "0.3")).status == 0 and provider.asked["refresh_token"] == 1,
	    "it is asked, and who began it gives up")
	provider.gate.set()
	assert one.get(shop.url + "/x", follow=False).status == 200
	assert provider.asked["refresh_token"] == 1, "the token was used up"


if __name__ == "__main__":
	main()
