/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/endorse.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"
#include "cmd/source.h"
#include "cmd/verbs.h"

static const char *arg_key, *arg_zone, *arg_expires;

static const struct lw_option options[] = {
	{ "key", 0, LW_OPTION_TEXT, "FILE", &arg_key, "the private key of who vouches" },
	{ "zone", 0, LW_OPTION_TEXT, "Z", &arg_zone, "for this zone only" },
	{ "expires", 0, LW_OPTION_TEXT, "P90D", &arg_expires, "for so long only" },
	LW_PASSPHRASE_OPTIONS,
	{ 0 },
};

static int set_times(struct lw_endorse_options *o, struct lw_error *e)
{
	struct lw_clock now;
	int64_t valid = 0;
	int r = lw_clock_system(&now, e);

	o->created = now.wall_sec;
	if (r == 0 && arg_expires) {
		r = lw_num_duration(lw_span_str(arg_expires), &valid, e);
		if (r < 0)
			return lw_command_misused(e, "--expires");
		o->expires = o->created + valid;
	}
	return r;
}

static void print_result(const struct lw_endorsed *done)
{
	char image[LW_DIGEST_TEXT], manifest[LW_DIGEST_TEXT], shown[LW_MAX_REFERENCE + 1];

	lw_digest_text(&done->image, image);
	lw_digest_text(&done->manifest, manifest);
	(void)fprintf(stderr, "endorsed %s\n         %s\n",
		      lw_text_escape_str(done->name, shown, sizeof(shown)), image);
	if (lw_arg_json)
		(void)printf("{\"endorsement\":\"%s\",\"format\":\"landwaiter-endorse/1\","
			     "\"image\":\"%s\",\"name\":\"%s\"}\n",
			     manifest, image, shown);
	else
		(void)printf("%s\n", manifest);
}

static int endorse(const char *word, struct lw_endorsed *ret, struct lw_error *e)
{
	LW_AUTO(private_key) struct lw_private_key *key = NULL;
	struct lw_endorse_options o = { .zone = arg_zone };
	LW_AUTO(source) struct lw_source source = { 0 };
	lw_auto_free char *name = NULL;
	int r = set_times(&o, e);

	if (r == 0)
		r = lw_command_key(arg_key, &key, e);
	if (r == 0)
		r = lw_command_source(word, &name, &source, e);
	if (r == 0 && source.kind != LW_SOURCE_OCI)
		r = lw_fail(e, LW_E_USAGE,
			    "want [NAME=]oci:DIR[:REF]: an endorsement is put into a layout");
	o.name = name;
	o.dir = source.path;
	o.ref = source.ref;
	o.key = key;
	if (r == 0)
		r = lw_endorse(&o, ret, e);
	return r;
}

static int run(int n, char **objects)
{
	struct lw_endorsed done;
	struct lw_error e = { 0 };

	(void)n;
	if (!arg_key)
		return lw_command_usage("want --key FILE");
	if (arg_zone && !lw_text_is_label(lw_span_str(arg_zone)))
		return lw_command_usage("--zone: want [a-z0-9][a-z0-9._-]{0,63}");
	if (endorse(objects[0], &done, &e) < 0)
		return lw_command_failed(&e);
	print_result(&done);
	return LW_EXIT_DONE;
}

const struct lw_verb lw_verb_endorse = {
	"endorse",
	"[NAME=]oci:DIR[:REF]",
	"Vouch for an image, by exact name and digest, in its layout.",
	options,
	1,
	1,
	run,
};
