/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"

#include "base/text.h"
#include "fetch/proxies.h"

#include <stdarg.h>
#include <string.h>

const char *lw_arg_enclave;
bool lw_arg_json;
bool lw_arg_no_progress;
char **lw_command_words;
const char *lw_command_name = "";

static const char *arg_output;

const struct lw_option lw_common_options[] = {
	{ "enclave", 0, LW_OPTION_TEXT, "DIR", &lw_arg_enclave,
	  "the enclave; else $LANDWAITER_ENCLAVE, else /var/lib/landwaiter" },
	{ "output", 'o', LW_OPTION_TEXT, "text|json", &arg_output, "how to print results" },
	{ "json", 0, LW_OPTION_FLAG, NULL, &lw_arg_json, "the same as --output json" },
	{ "no-progress", 0, LW_OPTION_FLAG, NULL, &lw_arg_no_progress, "no progress line" },
	{ 0 },
};

const struct lw_verb *lw_command_find(const char *name)
{
	for (size_t i = 0; lw_verbs[i]; i++)
		if (strcmp(lw_verbs[i]->name, name) == 0)
			return lw_verbs[i];
	return NULL;
}

bool lw_command_is_part(const struct lw_verb *part, const struct lw_verb *verb)
{
	size_t n = strlen(verb->name);

	return strncmp(part->name, verb->name, n) == 0 && part->name[n] == ' ';
}

const struct lw_verb *lw_command_find_part(const struct lw_verb *verb, const char *name)
{
	for (size_t i = 0; lw_parts[i]; i++)
		if (lw_command_is_part(lw_parts[i], verb) &&
		    strcmp(lw_parts[i]->name + strlen(verb->name) + 1, name) == 0)
			return lw_parts[i];
	return NULL;
}

int lw_command_usage(const char *fmt, ...)
{
	char text[512], shown[600];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	(void)fprintf(stderr, "landwaiter%s%s: %s\n", lw_command_name[0] ? " " : "",
		      lw_command_name, lw_text_escape_str(text, shown, sizeof(shown)));
	(void)fprintf(stderr, "  next: landwaiter help%s%s\n", lw_command_name[0] ? " " : "",
		      lw_command_name);
	return LW_EXIT_USAGE;
}

void lw_command_say(const char *fmt, ...)
{
	LW_AUTO(buf) struct lw_buf shown = { 0 };
	lw_auto_free char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	if (lw_text_is_plain(lw_span_str(text)))
		lw_buf_adds(&shown, text);
	else
		lw_text_append(&shown, lw_span_str(text));
	(void)fprintf(stderr, "%s\n", lw_buf_str(&shown));
}

int lw_command_misused(struct lw_error *e, const char *option)
{
	e->code = LW_E_USAGE;
	return option ? lw_prefix(e, "%s", option) : -(int)LW_E_USAGE;
}

int lw_command_failed(const struct lw_error *e)
{
	char shown[1200];

	(void)fprintf(stderr, "landwaiter %s: %s\n", lw_command_name,
		      lw_text_settle(e->text, shown, sizeof(shown)));
	switch (e->code) {
	case LW_E_USAGE:
	case LW_E_NOTFOUND:
	case LW_E_EXISTS:
		return LW_EXIT_USAGE;
	case LW_E_FORMAT:
	case LW_E_LIMIT:
	case LW_E_UNSUPPORTED:
	case LW_E_CONFLICT:
	case LW_E_SIGNATURE:
		return LW_EXIT_REFUSED;
	case LW_E_DIGEST:
	case LW_E_TRUNCATED:
		return LW_EXIT_DAMAGED;
	case LW_OK:
	case LW_E_IO:
	case LW_E_BUSY:
	case LW_E_NOSPACE:
	case LW_E_STATE:
	case LW_E_JAIL:
	case LW_E_KEY:
	case LW_E_INTERNAL:
	case LW_E_COUNT:
	default:
		return LW_EXIT_SYSTEM;
	}
}

/* ---- parsing ---- */

static const struct lw_option *find_in(const struct lw_option *options, const char *name,
				       size_t n, char letter)
{
	for (; options && options->name; options++)
		if (letter ? options->letter == letter
			   : strlen(options->name) == n && strncmp(options->name, name, n) == 0)
			return options;
	return NULL;
}

/* A verb's own option wins over a common one of the same letter or name. */
static const struct lw_option *find(const struct lw_verb *verb, const char *name, size_t n,
				    char letter)
{
	const struct lw_option *o = find_in(verb->options, name, n, letter);

	return o ? o : find_in(lw_common_options, name, n, letter);
}

static int take(const struct lw_option *o, const char *value)
{
	if (o->kind == LW_OPTION_FLAG) {
		*(bool *)o->value = true;
	} else if (o->kind == LW_OPTION_TEXT) {
		const char **text = o->value;

		if (*text) {
			(void)lw_command_usage("--%s was given twice", o->name);
			return -1;
		}
		*text = value;
	} else {
		struct lw_list *list = o->value;

		list->list = lw_realloc_array(list->list, list->n + 1, sizeof(*list->list));
		list->list[list->n++] = value;
	}
	return 0;
}

/* One word that starts with a dash. Returns how many words it took, or -1. */
static int parse_option(const struct lw_verb *verb, char **words, int left)
{
	const char *word = words[0], *value = NULL;
	const struct lw_option *o;

	if (word[1] == '-') {
		size_t n = strcspn(word + 2, "=");

		o = find(verb, word + 2, n, 0);
		value = word[2 + n] == '=' ? word + 3 + n : NULL;
	} else {
		o = find(verb, NULL, 0, word[1]);
		value = word[2] ? word + 2 : NULL;
	}
	if (!o) {
		(void)lw_command_usage("no such option: %s", word);
		return -1;
	}
	if (o->kind == LW_OPTION_FLAG) {
		if (value) {
			(void)lw_command_usage("--%s takes no value", o->name);
			return -1;
		}
		return take(o, NULL) < 0 ? -1 : 1;
	}
	if (value)
		return take(o, value) < 0 ? -1 : 1;
	if (left < 2) {
		(void)lw_command_usage("--%s wants %s", o->name, o->argument);
		return -1;
	}
	return take(o, words[1]) < 0 ? -1 : 2;
}

static int finish_common(void)
{
	if (arg_output && strcmp(arg_output, "json") == 0)
		lw_arg_json = true;
	else if (arg_output && strcmp(arg_output, "text") != 0) {
		(void)lw_command_usage("--output: want text or json, have '%s'", arg_output);
		return -1;
	}
	if (!lw_arg_enclave)
		lw_arg_enclave = getenv("LANDWAITER_ENCLAVE");
	if (!lw_arg_enclave || !lw_arg_enclave[0])
		lw_arg_enclave = "/var/lib/landwaiter";
	return 0;
}

int lw_command_parse(const struct lw_verb *verb, int argc, char **argv)
{
	int n = 0;
	bool options = true;

	for (int i = 0; i < argc;) {
		int took;

		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
			i++;
		} else if (options && argv[i][0] == '-' && argv[i][1]) {
			took = parse_option(verb, argv + i, argc - i);
			if (took < 0)
				return -1;
			i += took;
		} else {
			argv[n++] = argv[i++];
		}
	}
	if (n < verb->min_objects || (verb->max_objects >= 0 && n > verb->max_objects)) {
		(void)lw_command_usage("want: landwaiter %s [options] %s", verb->name,
				       verb->objects);
		return -1;
	}
	return finish_common() < 0 ? -1 : n;
}

static void help_options(const struct lw_verb *verb, const struct lw_option *options,
			 bool common, FILE *out)
{
	for (; options && options->name; options++) {
		char left[80];

		if (common && find_in(verb->options, options->name, strlen(options->name), 0))
			continue;

		bool letter =
			options->letter && find(verb, NULL, 0, options->letter) == options;

		(void)snprintf(left, sizeof(left), "%s%c%s--%s%s%s", letter ? "-" : "  ",
			       letter ? options->letter : ' ', letter ? ", " : " ",
			       options->name, options->argument ? " " : "",
			       options->argument ? options->argument : "");
		(void)fprintf(out, "  %-34s %s\n", left, options->help);
	}
}

void lw_command_help(const struct lw_verb *verb, FILE *out)
{
	(void)fprintf(out, "landwaiter %s [options]%s%s\n%s\n\n", verb->name,
		      verb->objects[0] ? " " : "", verb->objects, verb->summary);
	help_options(verb, verb->options, false, out);
	for (size_t i = 0; lw_parts[i]; i++) {
		if (!lw_command_is_part(lw_parts[i], verb))
			continue;
		(void)fprintf(out, "%s %s\n  %s\n", lw_parts[i]->name, lw_parts[i]->objects,
			      lw_parts[i]->summary);
		help_options(lw_parts[i], lw_parts[i]->options, false, out);
		(void)fputc('\n', out);
	}
	help_options(verb, lw_common_options, true, out);
}

void lw_command_proxies(struct lw_proxies *ret)
{
	for (size_t i = 0; i < LW_PROXIES; i++)
		ret->list[i] = getenv(lw_proxy_names[i]);
}
