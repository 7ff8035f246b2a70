#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#include "base/check.h"
#include "base/random.h"

void
random_bytes(void *p, size_t len)
{
	unsigned char *at = p;

	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		check(n > 0);
		at += n;
		len -= (size_t)n;
	}
}

/* xoshiro256**, Blackman and Vigna. */
static uint64_t
rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

uint64_t
random_u64(void)
{
	static _Thread_local uint64_t s[4];

	while ((s[0] | s[1] | s[2] | s[3]) == 0)
		random_bytes(s, sizeof(s));
	uint64_t result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

uint64_t
random_below(uint64_t n)
{
	check(n > 0);
	return (uint64_t)(((unsigned __int128)random_u64() * n) >> 64);
}

double
random_unit(void)
{
	return (double)(random_u64() >> 11) * 0x1.0p-53;
}

static uint64_t process_seed;

static void
seed_once(void)
{
	random_bytes(&process_seed, sizeof(process_seed));
}

uint64_t
random_seed(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, seed_once);
	return process_seed;
}

/* One call to the kernel serves 64 identifiers of this thread. */
static void
uuid_bytes(unsigned char out[16])
{
	static _Thread_local unsigned char pool[1024];
	static _Thread_local size_t left;

	if (left == 0) {
		random_bytes(pool, sizeof(pool));
		left = sizeof(pool);
	}
	left -= 16;
	memcpy(out, pool + left, 16);
}

/* A byte's two digits in the order of memory. */
static void
put_hex(char *to, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";

	to[0] = digits[byte >> 4];
	to[1] = digits[byte & 15];
}

void
random_uuid(char out[RANDOM_UUID_LEN + 1])
{
	/* Where the bytes go, around the dashes. */
	static const unsigned char places[16] = { 0, 2, 4, 6, 9, 11, 14, 16,
		19, 21, 24, 26, 28, 30, 32, 34 };
	unsigned char b[16];

	uuid_bytes(b);
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof(b); i++)
		put_hex(out + places[i], b[i]);
	out[8] = out[13] = out[18] = out[23] = '-';
	out[RANDOM_UUID_LEN] = '\0';
}
