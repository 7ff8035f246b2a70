#ifndef NET_NOTIFY_H
#define NET_NOTIFY_H

/*
 * notify: tells the service manager how we are (sd_notify(3)), by one
 * datagram to $NOTIFY_SOCKET.  Without that variable, or when nobody takes
 * it, nothing happens: no service fails for want of a manager.
 *
 * state is lines of NAME=VALUE: "READY=1", "STOPPING=1", "STATUS=text".
 */
void notify_send(const char *state);

#endif
