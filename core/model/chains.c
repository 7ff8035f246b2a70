#include "model/chains.h"

static const struct conf_field filter_fields[] = {
	{ "name", CONF_STRING_T, CONF_AT(struct model_filter, name),
	    .required = true, .text = "name of the filter" },
	{ "config", CONF_ANY_T, CONF_AT(struct model_filter, config),
	    .text = "its own settings" },
	{ 0 },
};

static const struct conf_schema filter_schema = { "filter",
	sizeof(struct model_filter), filter_fields, NULL };

static const struct conf_field chains_fields[] = {
	{ "inbound", CONF_STRUCT_T, CONF_LIST_AT(struct model_chains, inbound),
	    .schema = &filter_schema, .max_items = 32, .critical = true,
	    .text = "filters from other sidecars to the application" },
	{ "outbound", CONF_STRUCT_T, CONF_LIST_AT(struct model_chains, outbound),
	    .schema = &filter_schema, .max_items = 32, .critical = true,
	    .text = "filters from the application to other services" },
	{ 0 },
};

const struct conf_schema model_chains_schema = { "chains",
	sizeof(struct model_chains), chains_fields, NULL };
