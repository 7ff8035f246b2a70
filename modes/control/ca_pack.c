/* The backup half of ca_files.h. */
#include <string.h>

#include "modes/control/ca_file.h"
#include "modes/control/ca_files.h"
#include "pki/key.h"

/*
 * Parts follow each other under lines "# mesh-ca name"; PEM readers skip them, so
 * the text is also a plain PEM file.
 */
static const struct {
	const char *name;
	size_t      path;	/* offset of the path in struct ca_files */
	bool        secret, optional;
} parts[] = {
	{ "root.pem", offsetof(struct ca_files, root_cert), false, false },
	{ "root.key", offsetof(struct ca_files, root_key), true, true },
	{ "intermediate.pem", offsetof(struct ca_files, intermediate_cert),
	    false, false },
	{ "intermediate.key", offsetof(struct ca_files, intermediate_key),
	    true, false },
	{ "root.next.pem", offsetof(struct ca_files, next_root_cert), false,
	    true },
	{ "root.next.key", offsetof(struct ca_files, next_root_key), true,
	    true },
	{ "intermediate.next.pem",
	    offsetof(struct ca_files, next_intermediate_cert), false, true },
	{ "intermediate.next.key",
	    offsetof(struct ca_files, next_intermediate_key), true, true },
	{ "intermediate.old.pem",
	    offsetof(struct ca_files, old_intermediate_cert), false, true },
};
#define HEADING	SLICE("# mesh-ca ")
#define PACK_ROOM	65536	/* bytes; short files */
#define PARTS	(sizeof(parts) / sizeof(parts[0]))

static const char *
path_of(const struct ca_files *f, size_t part)
{
	const char *path;

	memcpy(&path, (const char *)f + parts[part].path, sizeof(path));
	return path;
}

int
ca_files_pack(struct str *out, const struct ca_files *f, struct err *err)
{
	key_room_str(out, PACK_ROOM);
	for (size_t i = 0; i < PARTS; i++) {
		const char *path = path_of(f, i);

		if (parts[i].optional && !ca_file_exists(path))
			continue;
		str_add_slice(out, HEADING);
		str_addf(out, "%s\n", parts[i].name);
		if (ca_file_read(out, path, parts[i].secret, err) < 0)
			return -1;
	}
	return 0;
}

/* What stands behind "# mesh-ca name\n", up to the next such line. */
static struct slice
find_part(struct slice text, const char *name)
{
	struct slice line, found = SLICE_NONE;

	while (slice_cut(&text, '\n', &line)) {
		if (slice_has_prefix(line, HEADING)) {
			if (found.ptr != NULL)
				break;
			if (slice_is(slice_from(line, HEADING.len), name))
				found = slice_of(text.ptr, 0);
		}
		if (found.ptr != NULL)
			found.len = (size_t)((text.ptr != NULL ? text.ptr :
			    line.ptr + line.len) - found.ptr);
	}
	return found;
}

int
ca_files_unpack(const struct ca_files *f, struct slice text, struct err *err)
{
	if (ca_file_dir(f->dir, err) < 0)
		return -1;
	for (size_t i = 0; i < PARTS; i++)
		if (ca_file_exists(path_of(f, i)))
			return err_set(err, ERR_CONFIG, "%s is there already: "
			    "a backup is restored into an empty directory",
			    path_of(f, i));
	for (size_t i = 0; i < PARTS; i++) {
		struct slice part = find_part(text, parts[i].name);

		if (part.ptr == NULL && parts[i].optional)
			continue;
		if (part.ptr == NULL)
			return err_set(err, ERR_DATA, "the backup lacks %s",
			    parts[i].name);
		if (ca_file_write(path_of(f, i), part,
		    parts[i].secret ? 0600 : 0644, err) < 0)
			return -1;
	}
	return 0;
}
