#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/mem.h"
#include "modes/control/ca_file.h"
#include "modes/control/web_cert.h"
#include "pki/key.h"
#include "tls/tls.h"

struct web_cert {
	const char      *cert_file, *key_file;
	struct stat      cert_seen, key_seen;	/* as they were looked at last */
	struct tls_edge *edge;
};

static bool
has_changed(const char *path, struct stat *seen)
{
	struct stat now;

	if (stat(path, &now) < 0)
		memset(&now, 0, sizeof(now));
	bool is_same = now.st_ino == seen->st_ino &&
	    now.st_size == seen->st_size &&
	    now.st_ctim.tv_sec == seen->st_ctim.tv_sec &&
	    now.st_ctim.tv_nsec == seen->st_ctim.tv_nsec;

	*seen = now;
	return !is_same;
}

/* Both are looked at, so that each is noted. */
static bool
must_read(struct web_cert *w)
{
	bool is_news = has_changed(w->cert_file, &w->cert_seen);

	return has_changed(w->key_file, &w->key_seen) || is_news;
}

static struct tls_edge *
read_files(const struct web_cert *w, struct err *err)
{
	struct tls_edge *e = tls_edge_new();
	struct str cert = { 0 }, key = { 0 };
	int result = ca_file_read(&cert, w->cert_file, false, err);

	if (result == 0)
		result = ca_file_read(&key, w->key_file, true, err);
	if (result == 0 && tls_edge_add(e, SLICE(""), str_slice(&cert),
	    str_slice(&key), err) != 0)
		result = err_wrap(err, "%s", w->cert_file);
	str_fini(&cert);
	key_wipe_str(&key);
	if (result == 0)
		return e;
	tls_edge_unref(e);
	return NULL;
}

struct web_cert *
web_cert_new(const char *cert_file, const char *key_file, struct err *err)
{
	struct web_cert *w = mem_zalloc(sizeof(*w));

	w->cert_file = cert_file;
	w->key_file = key_file;
	must_read(w);
	w->edge = read_files(w, err);
	if (w->edge != NULL)
		return w;
	web_cert_free(w);
	return NULL;
}

void
web_cert_free(struct web_cert *w)
{
	if (w == NULL)
		return;
	tls_edge_unref(w->edge);
	mem_free(w);
}

struct tls_edge *
web_cert_get(struct web_cert *w)
{
	struct err err = ERR_INIT;
	struct tls_edge *now;

	if (!must_read(w))
		return w->edge;
	now = read_files(w, &err);
	if (now == NULL) {
		log_error("federation", "%s; the certificate of before goes on",
		    err.text);
		return w->edge;
	}
	log_info("federation", "%s is read anew", w->cert_file);
	tls_edge_unref(w->edge);
	w->edge = now;
	return w->edge;
}
