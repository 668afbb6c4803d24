/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_COMMAND_H
#define LW_CMD_COMMAND_H

/*
 * The command line: one table of options per verb parses, explains and completes; the man pages
 * are checked against the same tables. A verb is one file: options, printing, exit code; no
 * logic.
 */

#include "base/error.h"
#include "base/mem.h"
#include "bundle/content.h"

#include <stdbool.h>

enum { /* DESIGN 11 */
       LW_EXIT_DONE = 0,
       LW_EXIT_SYSTEM = 1,
       LW_EXIT_USAGE = 2,
       LW_EXIT_REFUSED = 3,
       LW_EXIT_DAMAGED = 4,
       LW_EXIT_INCOMPLETE = 5,
       LW_EXIT_TIME = 6,
};

struct lw_list {
	const char **list;
	size_t n;
};

enum lw_option_kind {
	LW_OPTION_FLAG, /* bool */
	LW_OPTION_TEXT, /* const char * */
	LW_OPTION_LIST, /* struct lw_list; may be given again and again */
};

struct lw_option {
	const char *name; /* long name, without dashes */
	char letter;	  /* 0: none */
	enum lw_option_kind kind;
	const char *argument; /* "FILE"; NULL for flags */
	void *value;
	const char *help;
};

struct lw_verb {
	const char *name;
	const char *objects; /* "FILE", "[NAME=]oci:DIR[:REF]..." */
	const char *summary;
	const struct lw_option *options; /* ends with a NULL name; common ones are added */
	int min_objects, max_objects;	 /* max -1: any number */
	int (*run)(int n, char **objects);
};

extern const struct lw_verb *const lw_verbs[]; /* ends with NULL */
/* Verbs of two words, "tuf add": each has a table of its own, and its first word is a verb. */
extern const struct lw_verb *const lw_parts[]; /* ends with NULL */
extern const struct lw_option lw_common_options[];

/* Common options. */
extern const char *lw_arg_enclave; /* --enclave, else $LANDWAITER_ENCLAVE, else the default */
extern bool lw_arg_json;
extern bool lw_arg_no_progress;

/* Parses a verb's words; objects are moved to the front of argv. Returns the number of objects,
 * or -1 after having said what is wrong. */
int lw_command_parse(const struct lw_verb *verb, int argc, char **argv);
void lw_command_help(const struct lw_verb *verb, FILE *out);
const struct lw_verb *lw_command_find(const char *name);
/* Whether `part` is one of the verb's: "tuf add" of "tuf". */
bool lw_command_is_part(const struct lw_verb *part, const struct lw_verb *verb);
const struct lw_verb *lw_command_find_part(const struct lw_verb *verb, const char *name);

/* "landwaiter VERB: text", safe; returns the exit code that fits the error. */
int lw_command_failed(const struct lw_error *e);
/* What the user typed was off, whatever the reader of it said: makes the error one of usage. */
int lw_command_misused(struct lw_error *e, const char *option);
int lw_command_usage(const char *fmt, ...) LW_PRINTF(1, 2);
/* A line for people, on standard error; paths in it may be anything. */
void lw_command_say(const char *fmt, ...) LW_PRINTF(1, 2);
extern const char *lw_command_name; /* of the verb at work */
extern char **lw_command_words; /* the whole command line as it was typed; NULL-terminated */

/* A progress line on the terminal, where there is one and nobody said no. */
struct lw_content_progress lw_command_progress(const char *what);
void lw_command_progress_end(void);

/* --key FILE, with --passphrase-file, --passphrase-fd or a prompt. */
struct lw_private_key;
struct lw_secret;
extern const char *lw_arg_passphrase_file, *lw_arg_passphrase_fd;
#define LW_PASSPHRASE_OPTIONS                                                                  \
	{ "passphrase-file",	   0,                                                          \
	  LW_OPTION_TEXT,	   "FILE",                                                     \
	  &lw_arg_passphrase_file, "read the key's passphrase from the first line of FILE" },  \
	{                                                                                      \
		"passphrase-fd", 0, LW_OPTION_TEXT, "N", &lw_arg_passphrase_fd,                \
			"read it from this open descriptor"                                    \
	}
int lw_command_key(const char *path, struct lw_private_key **ret,
		   struct lw_error *e) LW_WARN_UNUSED;
/* A new key's passphrase: asked for twice on a terminal. LW_E_USAGE where none can be had. */
int lw_command_new_passphrase(struct lw_secret **ret, struct lw_error *e) LW_WARN_UNUSED;

/* From here on a signal that asks us to end (INT, TERM, HUP) makes this true, once; the next
 * one ends us as ever. A reader of our output that has gone away is an error, not our death. */
const atomic_bool *lw_command_stoppable(void);
void lw_command_ignore(int number); /* a signal: from here on it does nothing */

/* What the environment says of them. */
struct lw_proxies;
void lw_command_proxies(struct lw_proxies *ret);

/* Asks a question on the terminal; false where there is none. */
bool lw_command_confirm(const char *question);

#endif
