#include "base/slice.h"
#include "model/claim_header.h"

static const struct conf_field fields[] = {
	{ "header", CONF_STRING_T, CONF_AT(struct model_claim_to_header, header),
	    .pattern = CONF_HEADER_NAME, .required = true, .critical = true,
	    .text = "name of the field" },
	{ "claim", CONF_STRING_T, CONF_AT(struct model_claim_to_header, claim),
	    .min = 1, .max = 256, .required = true, .critical = true,
	    .text = "name of the claim; a.b is b of a" },
	{ 0 },
};

const struct conf_schema model_claim_to_header_schema = {
	"claim for the application", sizeof(struct model_claim_to_header),
	fields, NULL };

bool
model_claim_header_is_carrier(const char *field)
{
	static const char *const names[] = { "connection", "content-length",
		"host", "keep-alive", "proxy-connection", "te", "trailer",
		"transfer-encoding", "upgrade" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_ieq(slice_str(field), slice_str(names[i])))
			return true;
	return false;
}
