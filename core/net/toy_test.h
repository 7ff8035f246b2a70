#ifndef NET_TOY_TEST_H
#define NET_TOY_TEST_H

#include "net/conn.h"

/*
 * toy: a transport for tests.  Frames of two bytes of length and bytes that
 * are combined with a key and a running number; a frame of length 0 ends.
 * Its first key byte is the key and the sequence number the running number.
 */
#define TOY_SUITE 0xffff

extern const struct transport toy_transport;
void *toy_new(unsigned char rx, unsigned char tx);

/* Two ends of a TCP connection over loopback, or of a Unix socket pair. */
void tcp_pair(int fds[2]);
void unix_pair(int fds[2]);

#endif
