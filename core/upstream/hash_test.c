#include "base/unit.h"
#include "upstream/hash.h"

/* As published with xxHash. */
TEST(hash_is_xxh64)
{
	static const struct {
		const char *text;
		uint64_t    hash;
	} v[] = {
		{ "", 0xef46db3751d8e999 },
		{ "a", 0xd24ec4f1a98c6e5b },
		{ "abc", 0x44bc2cf5ad770999 },
		{ "Nobody inspects the spammish repetition",
		    0xfbcea83c8a378bf1 },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (hash_bytes(slice_str(v[i].text)) != v[i].hash)
			fail_msg("%s", v[i].text);
}

/* Each bit of the input turns about half of the output's. */
TEST(hash_mix_spreads_bits)
{
	for (int bit = 0; bit < 64; bit++) {
		int turned = 0;

		for (uint64_t i = 0; i < 256; i++)
			turned += __builtin_popcountll(hash_mix(i * 7919) ^
			    hash_mix((i * 7919) ^ UINT64_C(1) << bit));
		assert_in_range(turned / 256, 28, 36);
	}
}
