#include "model/kind.h"
#include "modes/ctl/complete.h"

const char *const complete_modes[] = { "proxy", "control", "ctl", "help",
	"version", NULL };

void
complete_add_kinds(struct str *out)
{
	for (size_t i = 0; model_kinds[i] != NULL; i++) {
		const struct model_kind *k = model_kinds[i];

		str_addf(out, "%s%s", i > 0 ? " " : "", k->plural);
		if (k->short_name != NULL)
			str_addf(out, " %s", k->short_name);
	}
}

/* A quote cannot be escaped in the same way in all of them; none needs one. */
void
complete_add_quoted(struct str *out, const char *text)
{
	str_add_char(out, '\'');
	for (; *text != '\0'; text++)
		str_add(out, *text == '\'' ? "\u2019" : (char[]){ *text, '\0' });
	str_add_char(out, '\'');
}
