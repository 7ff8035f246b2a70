#ifndef HTTP_H2_FRAMES_TEST_H
#define HTTP_H2_FRAMES_TEST_H

#include "base/str.h"

/*
 * h2_frames: the frames of HTTP/2, right and wrong ones, from a text.
 *
 *	H1 :method=GET :path=/ x=y	HEADERS of stream 1; flags behind the number:
 *					e END_STREAM, c no END_HEADERS
 *	C1 x=y		CONTINUATION	D1e abc		DATA
 *	R1 8		RST_STREAM	W0 100		WINDOW_UPDATE
 *	S 3=100		SETTINGS	Sa		its acknowledgement
 *	P, Pa 8 bytes	PING		G 1 0		GOAWAY: last stream, code
 *	Y1		PRIORITY	X 0a1b		bytes, in hexadecimal
 *
 * Frames are separated by " | ", and "GET1" is a whole request of stream 1.  '+'
 * in a text is a space.
 */
void h2_frames_write(struct str *, const char *frames);

#endif
