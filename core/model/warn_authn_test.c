#include "base/unit.h"
#include "model/warn.h"

#define HEAD								\
	"apiVersion: security.istio.io/v1\nkind: RequestAuthentication\n"	\
	"metadata: {name: r}\nspec: {jwtRules: ["
#define URI(uri)	HEAD "{issuer: a, jwksUri: '" uri "'}]}\n"
#define ISSUER(url)	HEAD "{issuer: '" url "'}]}\n"
#define SAID(field, host)						\
	"spec.jwtRules[0]." field ": http is for loopback alone, as nothing "	\
	"would say who answers: no key is fetched from " host ", use https"

/* in, and what is said behind the place: NULL for nothing. */
static const struct {
	const char *in, *out;
} cases[] = {
	{ URI("http://10.9.9.9/keys"), SAID("jwksUri", "10.9.9.9") },
	{ URI("http://keys.example:8080"), SAID("jwksUri", "keys.example") },
	{ URI("http://[2001:db8::1]:80/k"), SAID("jwksUri", "2001:db8::1") },
	{ URI("http://notlocalhost/"), SAID("jwksUri", "notlocalhost") },
	{ URI("https://10.9.9.9/keys"), NULL },
	{ URI("http://127.0.0.1:8080/keys"), NULL },
	{ URI("http://[::1]:8080/keys"), NULL },
	{ URI("http://localhost/keys"), NULL },
	{ URI("http://keys.LOCALHOST:80/keys"), NULL },
	/* Asked where its keys are. */
	{ ISSUER("http://10.9.9.9"), SAID("issuer", "10.9.9.9") },
	{ ISSUER("http://localhost:1"), NULL },
	{ ISSUER("https://a.example"), NULL },
	/* A name alone, as its keys are elsewhere. */
	{ HEAD "{issuer: 'http://a.example', jwksUri: 'https://a.example/k'}]}\n",
	    NULL },
};

static void
note(void *arg, const struct model_object *o, const char *text)
{
	(void)o;
	str_addf(arg, "%s\n", text);
}

TEST(keys_that_would_come_in_plain_text_are_told)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct model_set set;
		struct str out = { 0 }, expected = { 0 };

		model_set_init(&set, MODEL_STRICT, "default");
		model_set_read_text(&set, slice_str(cases[i].in), "t", CONF_YAML);
		if (set.faults_len > 0)
			fail_msg("%s", set.faults[0].err.text);
		model_warn(&set, 0, note, &out);
		if (cases[i].out != NULL)
			str_addf(&expected, "%s\n", cases[i].out);
		if (cases[i].out == NULL ? out.len > 0 :
		    !slice_has_suffix(str_slice(&out), str_slice(&expected)))
			fail_msg("%s: %s", cases[i].in, str_ptr(&out));
		str_fini(&expected);
		str_fini(&out);
		model_set_fini(&set);
	}
}
