#include "base/log.h"
#include "modes/proxy/app_user.h"
#include "net/sock_owner.h"

#define LOG_MS	1000

static bool
is_limited(const struct data_plane *p, enum port_kind kind)
{
	return p->options.app_users_len > 0 &&
	    (kind == PORT_OUTBOUND || kind == PORT_UPSTREAM);
}

/* At most a line each second; counters have them all. */
static void
tell(struct proxy_worker *w, const struct addr *from, const char *who)
{
	uint64_t now = loop_now_ms(w->env.loop);
	char text[ADDR_TEXT_MAX];

	if (w->user_log_ms != 0 && now - w->user_log_ms < LOG_MS)
		return;
	w->user_log_ms = now;
	addr_format(from, text);
	log_warn("listener", "%s may not call others here (--app-user): %s",
	    text, who);
}

/* found: of sock_owner.h. */
static bool
judge(struct proxy_worker *w, const struct addr *from, int found, uid_t user,
    const struct err *err)
{
	const struct data_plane_options *o = &w->plane->options;
	struct err told = *err;

	for (size_t i = 0; found == 0 && i < o->app_users_len; i++)
		if (o->app_users[i] == (int64_t)user)
			return true;
	if (found == 0)
		err_set(&told, ERR_DENIED, "it is of user %u", (unsigned)user);
	tell(w, from, told.text);
	return false;
}

bool
app_user_may(struct open_port *o, struct proxy_worker *w, int fd,
    const struct addr *from)
{
	struct err err = ERR_INIT;
	uid_t user = 0;

	if (!is_limited(o->plane, o->spec.kind))
		return true;
	int found = sock_owner_of_peer(fd, from, &user, &err);

	if (judge(w, from, found, user, &err))
		return true;
	port_refuse(o, w, "user");
	return false;
}

bool
app_user_may_send(const struct udp_port *o, struct proxy_worker *w,
    const struct addr *from, const struct addr *at)
{
	struct addr to = at->len > 0 ? *at : o->at;
	struct err err = ERR_INIT;
	uid_t user = 0;

	if (!is_limited(o->plane, o->spec.kind))
		return true;
	addr_set_port(&to, addr_port(&o->at));
	int found = sock_owner_find(from, &to, true, &user, &err);

	return judge(w, from, found, user, &err);
}
