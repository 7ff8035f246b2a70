#ifndef CONTROL_STORE_SCHEMA_H
#define CONTROL_STORE_SCHEMA_H

/*
 * store_schema: the tables of the SQLite file, as a list of steps.
 * Step n (counted from 1) leads from schema n-1 to schema n; a file records
 * in PRAGMA user_version how far it came.  Steps are only ever added.
 *
 * state   single numbers: the revision, and up to which one changes are gone
 * item    the key space as it is now
 * change  puts and deletes by revision (part: their order within one)
 * log     the chained log
 */
static const char *const store_schema[] = {
	"PRAGMA application_id = 1835365224;"	/* "mesh" */
	"CREATE TABLE state ("
	" name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
	"INSERT INTO state VALUES ('revision', 0), ('compacted', 0);"
	"CREATE TABLE item ("
	" key BLOB PRIMARY KEY, value BLOB NOT NULL,"
	" created INTEGER NOT NULL, modified INTEGER NOT NULL,"
	" expires INTEGER) WITHOUT ROWID;"
	"CREATE INDEX item_expires ON item (expires)"
	" WHERE expires IS NOT NULL;"
	"CREATE TABLE change ("
	" revision INTEGER NOT NULL, part INTEGER NOT NULL,"
	" key BLOB NOT NULL, value BLOB, created INTEGER NOT NULL,"
	" PRIMARY KEY (revision, part)) WITHOUT ROWID;"
	"CREATE TABLE log ("
	" seq INTEGER PRIMARY KEY, content BLOB NOT NULL,"
	" hash BLOB NOT NULL);",
};

#define STORE_SCHEMA_VERSION						\
	((int)(sizeof(store_schema) / sizeof(store_schema[0])))
#define STORE_SCHEMA_OWNER	1835365224

#endif
