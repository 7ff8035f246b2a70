#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/unit.h"
#include "conf/json.h"
#include "conf/stream.h"

/* Every document as JSON, every fault as its text, one a line. */
static char *
read_all(struct slice text, enum conf_format format)
{
	struct arena a = { 0 };
	struct conf_stream stream;
	struct conf_node *n;
	struct err err;
	struct str out = { 0 };
	int result;

	conf_stream_init(&stream, text, "s", format);
	while ((result = conf_stream_next(&stream, &a, &n, &err)) != 0) {
		if (result > 0)
			conf_json_write(&out, n);
		else
			str_add(&out, err.text);
		str_add_char(&out, '\n');
	}
	arena_fini(&a);
	return str_give(&out);
}

static const struct {
	const char *in, *out;
} cases[] = {
	{ "", "" },
	{ "\n# nothing\n", "" },
	{ "a: 1\n", "{\"a\":1}\n" },
	{ "a: 1", "{\"a\":1}\n" },
	{ "---\na: 1\n---\nb: 2\n", "{\"a\":1}\n{\"b\":2}\n" },
	{ "---\n---\n# empty\n---\na: 1\n---", "{\"a\":1}\n" },
	{ "# licence\n---\na: 1\n...\n# more\n---\nb: 2\n...\n",
	    "{\"a\":1}\n{\"b\":2}\n" },
	{ "%YAML 1.2\n---\na: 1\n", "{\"a\":1}\n" },
	{ "a: 1\n...\n%YAML 1.2\n---\nb: 2\n", "{\"a\":1}\n{\"b\":2}\n" },
	{ "--- {a: 1}\n--- text\n", "{\"a\":1}\n\"text\"\n" },
	{ "a: |\n  ---\n  x\n", "{\"a\":\"---\\nx\\n\"}\n" },
	{ "a: ---x\n", "{\"a\":\"---x\"}\n" },
	{ "a: 1\r\n---\r\nb: 2\r\n", "{\"a\":1}\n{\"b\":2}\n" },
	{ "a: [\n---\nb: 2\n---\nc: 'x\n---\nd: 4\n",
	    "s:2:1: invalid YAML: did not find expected node content while "
	    "parsing a flow node that begins in line 2\n{\"b\":2}\n"
	    "s:6:1: invalid YAML: found unexpected end of stream while scanning "
	    "a quoted scalar that begins in line 5\n{\"d\":4}\n" },
	{ "a: 1\na: 2\n---\nb: 2\n", "s:2:1: duplicate key \"a\", it stands in "
	    "line 1 already\n{\"b\":2}\n" },
};

TEST(stream_gives_each_document)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *out = read_all(slice_str(cases[i].in), CONF_YAML);

		assert_string_equal(out, cases[i].out);
		mem_free(out);
	}
}

TEST(stream_of_json_is_one_document)
{
	char *out = read_all(SLICE("{\"a\":\"\\ud83d\\ude00\"}\n"), CONF_JSON);

	assert_string_equal(out, "{\"a\":\"\xf0\x9f\x98\x80\"}\n");
	mem_free(out);
	out = read_all(SLICE("{}{}"), CONF_JSON);
	assert_string_equal(out,
	    "s:1:3: invalid JSON: end of file expected near '{'\n");
	mem_free(out);
}

TEST(stream_counts_values_over_all_documents)
{
	struct str s = { 0 };

	for (int i = 0; i < 60000; i++)
		str_add(&s, "--- [1]\n");
	struct arena a = { 0 };
	struct conf_stream stream;
	struct conf_node *n;
	struct err err;
	int documents = 0;

	conf_stream_init(&stream, str_slice(&s), "s", CONF_YAML);
	while (conf_stream_next(&stream, &a, &n, &err) == 1)
		documents++;
	assert_int_equal(documents, 50000);
	assert_int_equal(conf_stream_next(&stream, &a, &n, &err), 0);
	assert_string_equal(err.text, "s:50001:5: too many values, expected at "
	    "most 100000 in one file");
	arena_fini(&a);
	str_fini(&s);
}

TEST(stream_knows_formats)
{
	assert_int_equal(conf_format_of("a.json", SLICE("x: 1")), CONF_JSON);
	assert_int_equal(conf_format_of("a.yaml", SLICE("{}")), CONF_YAML);
	assert_int_equal(conf_format_of("-", SLICE("\n {\"a\":1}")), CONF_JSON);
	assert_int_equal(conf_format_of("-", SLICE("a: 1")), CONF_YAML);
	assert_int_equal(conf_format_of("-", SLICE("")), CONF_YAML);
	/* Flow style, which YAML took from JSON. */
	assert_int_equal(conf_format_of("-", SLICE("{a: 1}")), CONF_YAML);
	assert_int_equal(conf_format_of("-", SLICE("{\"a\": b}")), CONF_YAML);
	assert_int_equal(conf_format_of("-", SLICE("{\"a\":1}\n---\n{}")),
	    CONF_YAML);
	assert_int_equal(conf_format_of("-", SLICE("[{a: 1}]")), CONF_YAML);
	/* What is neither gets the message that fits. */
	assert_int_equal(conf_format_of("-", SLICE("{a: 1")), CONF_YAML);
	assert_int_equal(conf_format_of("-", SLICE("{\"a\":1")), CONF_JSON);
	assert_int_equal(conf_format_of("-", SLICE("[ {\"a\" 1}")), CONF_JSON);
	assert_int_equal(conf_format_of("-", SLICE("{")), CONF_YAML);
	assert_int_equal(conf_format_of("-", SLICE("{\0")), CONF_YAML);
}

TEST(file_that_is_missing_is_named)
{
	struct str s = { 0 };
	struct err err;

	assert_int_equal(conf_file_read("/nonexistent/x.yaml", &s, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_string_equal(err.text, "/nonexistent/x.yaml: no such file");
	str_fini(&s);
}

TEST(file_is_read_whole)
{
	char path[] = "/tmp/conf-stream-XXXXXX";
	int fd = mkstemp(path);
	struct str s = { 0 }, big = { 0 };
	struct err err;

	for (int i = 0; i < 50000; i++)
		str_addf(&big, "%d\n", i);
	assert_int_equal(write(fd, big.ptr, big.len), big.len);
	assert_int_equal(conf_file_read(path, &s, &err), 0);
	assert_int_equal(s.len, big.len);
	assert_memory_equal(s.ptr, big.ptr, s.len);
	close(fd);
	unlink(path);
	str_fini(&s);
	str_fini(&big);
}
