"""HTTP/2 over TLS, for the peers of h2_peer.py."""

from wire import dial


class Secure:
	"""An address that is reached by TLS and HTTP/2."""

	def __init__(self, port, tls, name):
		self.port, self.tls, self.name = port, tls, name

	def dial(self):
		sock = self.tls.wrap_socket(dial(self.port),
		    server_hostname=self.name)
		assert sock.selected_alpn_protocol() == "h2"
		return sock
