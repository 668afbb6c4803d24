/* SPDX-License-Identifier: Apache-2.0 */
/* `pack` at work: in landwaiter-pack alone. */
#include "bundle/pack.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/num.h"
#include "base/text.h"
#include "bundle/approve.h"
#include "cmd/own_folder.h"
#include "cmd/pack.h"
#include "cmd/pack_held.h"
#include "cmd/pack_request.h"
#include "cmd/source.h"
#include "fetch/place.h"

#include <string.h>
#include <sys/stat.h>

static const struct lw_pack_arguments *const arg = &lw_pack_arguments;

struct sources {
	struct lw_pack_source *list;
	struct lw_source **sources;
	char **names;
	size_t n;
};

static void auto_sources(struct sources *s)
{
	for (size_t i = 0; i < s->n; i++) {
		lw_source_release(s->sources[i]);
		free(s->sources[i]);
		free(s->names[i]);
	}
	free(s->sources);
	free(s->names);
	free(s->list);
}

static int add_source(struct sources *s, const char *word, struct lw_error *e)
{
	struct lw_source source = { 0 };
	char *name = NULL;
	int r = lw_command_source(word, &name, &source, e);

	if (r < 0)
		return r;
	s->list = lw_realloc_array(s->list, s->n + 1, sizeof(*s->list));
	s->sources = lw_realloc_array(s->sources, s->n + 1, sizeof(*s->sources));
	s->names = lw_realloc_array(s->names, s->n + 1, sizeof(*s->names));
	s->sources[s->n] = lw_alloc(sizeof(source));
	*s->sources[s->n] = source;
	s->names[s->n] = name;
	s->list[s->n] = (struct lw_pack_source){ .name = name, .source = s->sources[s->n] };
	s->n++;
	return 0;
}

static int fill_statement(struct lw_statement *st, struct lw_error *e)
{
	struct lw_clock now;
	int64_t valid = 0;
	int r = lw_clock_system(&now, e);

	if (r == 0)
		r = lw_num_duration(lw_span_str(arg->expires), &valid, e);
	if (r == 0 && valid == 0)
		r = lw_fail(e, LW_E_USAGE, "want more than %s", arg->expires);
	if (r < 0)
		return lw_command_misused(e, "--expires");
	st->created = now.wall_sec;
	st->expires = now.wall_sec + valid;
	st->any_audience = arg->audience && strcmp(arg->audience, "any") == 0;
	if (arg->audience && !st->any_audience &&
	    (r = lw_digest_parse(lw_span_str(arg->audience), &st->audience, e)) < 0)
		return lw_command_misused(e, "--audience");

	size_t n = strlen(arg->marking);

	if (n == 0 || n > LW_MAX_MARKING || !lw_text_is_plain(lw_span_str(arg->marking)) ||
	    arg->marking[0] == ' ' || arg->marking[n - 1] == ' ')
		return lw_fail(
			e, LW_E_USAGE,
			"--marking: want 1 to %zu bytes of plain text, no space around it",
			LW_MAX_MARKING);
	(void)snprintf(st->marking, sizeof(st->marking), "%s", arg->marking);
	if (!lw_text_is_label(lw_span_str(arg->sender)))
		return lw_fail(e, LW_E_USAGE, "--sender: want [a-z0-9][a-z0-9._-]{0,63}");
	(void)snprintf(st->sender, sizeof(st->sender), "%s", arg->sender);
	return 0;
}

/* --sender-dir, else the environment, else the XDG state folder, which is made where needed. */
static char *sender_dir(void)
{
	const char *env = getenv("LANDWAITER_SENDER_DIR"), *xdg = getenv("XDG_STATE_HOME"),
		   *home = getenv("HOME");
	char *dir;

	if (arg->sender_dir || (env && env[0]))
		return lw_strdup(arg->sender_dir ? arg->sender_dir : env);
	dir = xdg && xdg[0] ? lw_asprintf("%s/landwaiter", xdg)
			    : lw_asprintf("%s/.local/state/landwaiter", home ? home : ".");
	for (char *slash = strchr(dir + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(dir, 0700);
		*slash = '/';
	}
	return dir;
}

/* The keys of --key, read before anything is packed: a wrong passphrase must not cost a
 * sequence number. */
struct keys {
	struct lw_private_key **list;
	size_t n;
};

static void auto_keys(struct keys *k)
{
	for (size_t i = 0; i < k->n; i++)
		lw_private_key_free(k->list[i]);
	free(k->list);
}

static int load_keys(struct keys *k, struct lw_error *e)
{
	k->list = lw_alloc_array(arg->keys.n, sizeof(*k->list));
	for (; k->n < arg->keys.n; k->n++) {
		int r = lw_command_key(arg->keys.list[k->n], &k->list[k->n], e);

		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- where it is written ---- */

/* A file's name, or a device's; the caller frees it. */
static char *volume_place(uint64_t volume, uint64_t volumes)
{
	return arg->to.n ? lw_strdup(arg->to.list[volume - 1])
			 : lw_pack_volume_name(arg->file, volume, volumes);
}

struct devices {
	struct lw_device **list;
	size_t n;
};

static void auto_devices(struct devices *d)
{
	for (size_t i = 0; i < d->n; i++)
		lw_device_close(d->list[i]);
	free(lw_steal(d->list));
	d->n = 0;
}

/* One that is given twice is in use when it comes again. */
static int open_devices(struct devices *d, struct lw_pack_options *o, struct lw_error *e)
{
	d->list = lw_alloc_array(arg->to.n, sizeof(struct lw_device *));
	for (; d->n < arg->to.n; d->n++) {
		int r = lw_device_open(arg->to.list[d->n], arg->fixed, &d->list[d->n], e);
		uint64_t bytes;

		if (r < 0)
			return r;
		bytes = lw_device_bytes(d->list[d->n]);
		if (arg->to.n > 1 && !arg->volume_size &&
		    (d->n == 0 || bytes < o->volume_bytes))
			o->volume_bytes = bytes;
	}
	o->devices = d->list;
	o->n_devices = d->n;
	return 0;
}

static struct lw_content_progress reading_back(void)
{
	lw_command_progress_end();
	return lw_command_progress("read back");
}

static int approve_with(const char *file, const struct keys *k, struct lw_error *e)
{
	LW_AUTO(approvable) struct lw_approvable a = { .fd = -1 };
	int r = k->n ? lw_approve_open(file, true, LW_EXPLAIN_TEXT, NULL, NULL, &a, e) : 0;

	for (size_t i = 0; i < k->n && r == 0; i++)
		r = lw_approve_sign(&a, k->list[i], e);
	return r;
}

static int approve_all(const struct lw_pack_result *result, const struct keys *k,
		       struct lw_error *e)
{
	int r = 0;

	for (uint64_t i = 1; i <= result->volumes && r == 0; i++) {
		lw_auto_free char *name = volume_place(i, result->volumes);

		r = approve_with(name, k, e);
	}
	return r;
}

/* The repositories of --tuf, opened. */
struct repositories {
	struct lw_fetcher *fetcher;
	struct lw_place **places;
	char **names;
	struct lw_carry_source *list;
	size_t n;
};

static void auto_repositories(struct repositories *r)
{
	for (size_t i = 0; i < r->n; i++) {
		lw_place_close(r->places[i]);
		free(r->names[i]);
	}
	lw_fetcher_close(r->fetcher);
	free(r->places);
	free(r->names);
	free(r->list);
}

static int open_repository(struct repositories *r, const char *word,
			   const struct lw_fetch_settings *settings, struct lw_error *e)
{
	const char *equals = strchr(word, '=');
	size_t i = r->n;

	if (!equals || !equals[1])
		return lw_fail(e, LW_E_USAGE, "--tuf: want NAME=FOLDER or NAME=URL");
	r->names[i] = lw_strndup(word, (size_t)(equals - word));
	r->places[i] = NULL;
	r->n++;
	if (!lw_text_is_label(lw_span_str(r->names[i])))
		return lw_fail(e, LW_E_USAGE,
			       "--tuf: want a name of [a-z0-9][a-z0-9._-]{0,63}");
	if (strcmp(r->names[i], LW_OWN_REPOSITORY) == 0)
		return lw_fail(e, LW_E_USAGE, "--tuf: '%s' is the enclave's own: --trust",
			       r->names[i]);
	for (size_t k = 0; k < i; k++)
		if (strcmp(r->names[k], r->names[i]) == 0)
			return lw_fail(e, LW_E_USAGE, "--tuf: %s stands twice", r->names[i]);
	if (lw_place_open(equals + 1, settings, &r->fetcher, &r->places[i], e) < 0)
		return lw_prefix(e, "--tuf %s", r->names[i]);
	r->list[i] = (struct lw_carry_source){ .repository = r->names[i],
					       .transport = lw_place_transport(r->places[i]) };
	return 0;
}

static int compare_repositories(const void *a, const void *b)
{
	return strcmp(((const struct lw_carry_source *)a)->repository,
		      ((const struct lw_carry_source *)b)->repository);
}

static int open_repositories(struct repositories *r, struct lw_error *e)
{
	struct lw_fetch_settings settings = { .ca_file = arg->ca_file };
	int rc = 0;

	if (arg->tuf.n > LW_MAX_CARRIED)
		return lw_fail(e, LW_E_USAGE, "--tuf: want at most %zu", LW_MAX_CARRIED);
	lw_command_proxies(&settings.proxies);
	r->places = lw_alloc_array(arg->tuf.n, sizeof(struct lw_place *));
	r->names = lw_alloc_array(arg->tuf.n, sizeof(char *));
	r->list = lw_alloc_array(arg->tuf.n, sizeof(*r->list));
	for (size_t i = 0; i < arg->tuf.n && rc == 0; i++)
		rc = open_repository(r, arg->tuf.list[i], &settings, e);
	if (rc == 0)
		lw_sort(r->list, r->n, sizeof(*r->list), compare_repositories);
	return rc;
}

/* The discs that hold the least of their kind: a CD-R of 80 minutes, 359,844 sectors; a DVD+R,
 * 2,295,104; of 2,048 bytes each. 512 of them are left for padding, or for ISO 9660
 * (docs/runbook/discs.md). */
#define CD_BYTES  ((uint64_t)(359844 - 512) * 2048)
#define DVD_BYTES ((uint64_t)(2295104 - 512) * 2048)

/* "4GiB-1", "fat32", "cd", "dvd". */
static int volume_size(const char *text, uint64_t *ret, struct lw_error *e)
{
	static const struct {
		const char *name;
		uint64_t bytes;
	} media[] = { { "fat32", UINT32_MAX }, { "cd", CD_BYTES }, { "dvd", DVD_BYTES } };
	const char *minus = strchr(text, '-');
	uint64_t size = 0, less = 0;
	int r;

	for (size_t i = 0; i < LW_COUNT_OF(media); i++)
		if (strcmp(text, media[i].name) == 0) {
			*ret = media[i].bytes;
			return 0;
		}
	r = lw_num_size(lw_span(text, minus ? (size_t)(minus - text) : strlen(text)), &size, e);
	if (r == 0 && minus)
		r = lw_num_u64(lw_span_str(minus + 1), 1, size, &less, e);
	if (r < 0)
		return lw_command_misused(e, "--volume-size");
	*ret = size - less;
	return *ret > 0 ? 0 : lw_fail(e, LW_E_USAGE, "--volume-size: want more than nothing");
}

static void say_unlisted(const char *image)
{
	lw_command_say("no repository taken along lists %s", image);
}

/* A crash from here on leaves a gap in the sequence, never two bundles of one number. */
static int use_up(void *data, const struct lw_digest *bundle, struct lw_error *e)
{
	struct lw_sender_counter **counter = data;

	return lw_sender_counter_done(lw_steal(*counter), bundle, e);
}

static int pack(struct lw_pack_options *o, const struct lw_request *request,
		struct lw_pack_result *result, struct lw_error *e)
{
	lw_auto_free char *dir = sender_dir();
	struct lw_sender_counter *counter = NULL;
	struct lw_statement *st = &o->statement;
	uint64_t wanted = 0;
	struct lw_error ignored;
	int r = 0;

	if (arg->sequence)
		r = lw_num_u64(lw_span_str(arg->sequence), 1, LW_MAX_SEQUENCE - 1, &wanted, e);
	if (r < 0)
		return lw_command_misused(e, "--sequence");
	r = lw_sender_counter_take(dir, st->sender, wanted, &counter, &st->sequence,
				   &st->has_previous, &st->previous, e);
	if (r < 0)
		return r;

	struct lw_pack_options counted = *o;

	counted.made = use_up;
	counted.made_data = &counter;
	r = lw_pack_check_floor(request, st, e);
	if (r == 0)
		r = lw_pack(&counted, result, e);
	if (counter)
		(void)!lw_sender_counter_done(counter, NULL, &ignored);
	return r;
}

static void print_json(const struct lw_pack_options *o, const struct lw_pack_result *result)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_json_writer w = { .out = &b, .canonical = true };
	char text[LW_DIGEST_TEXT];

	lw_json_w_object(&w);
	lw_json_w_member(&w, "bundle", lw_digest_text(&result->bundle, text));
	lw_json_w_member_integer(&w, "bytes", (int64_t)result->bytes);
	lw_json_w_member(&w, "format", "landwaiter-pack/1");
	lw_json_w_member_integer(&w, "sequence", (int64_t)o->statement.sequence);
	lw_json_w_member_integer(&w, "volumes", (int64_t)result->volumes);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	(void)printf("%s\n", lw_buf_str(&b));
}

static void print_result(const struct lw_pack_options *o, const struct lw_pack_result *result)
{
	char text[LW_DIGEST_TEXT], size[16];

	if (result->left_out > 0)
		lw_command_say("left out: blobs %llu, size %s",
			       (unsigned long long)result->left_out,
			       lw_num_human_size(result->left_out_bytes, size));
	lw_command_say("%s: images %llu, blobs %llu, size %s, sequence %llu, approvals %zu",
		       arg->to.n == 1 ? arg->to.list[0]
		       : arg->to.n    ? "devices"
				      : arg->file,
		       (unsigned long long)result->images, (unsigned long long)result->blobs,
		       lw_num_human_size(result->bytes, size),
		       (unsigned long long)o->statement.sequence, arg->keys.n);
	for (uint64_t i = 1; result->volumes > 1 && i <= result->volumes; i++) {
		lw_auto_free char *name = volume_place(i, result->volumes);

		lw_command_say("volume %llu of %llu: %s", (unsigned long long)i,
			       (unsigned long long)result->volumes, name);
	}
	if (lw_arg_json)
		print_json(o, result);
	else
		(void)printf("%s\n", lw_digest_text(&result->bundle, text));
}

/* ---- a supplement ---- */

static int run_supplement(const struct lw_pack_options *options, struct lw_error *e)
{
	LW_AUTO(earlier) struct lw_earlier increment = { 0 };
	LW_AUTO(held) struct lw_held lacking = { 0 };
	struct lw_pack_options o = *options;
	struct lw_pack_result result = { 0 };
	char size[16], text[LW_DIGEST_TEXT];
	int r = lw_earlier_read(arg->of, NULL, &increment, e);

	if (r == 0)
		r = lw_pack_read_lacking(&lacking, &increment, e);
	o.statement.sequence = increment.statement.sequence;
	o.increment = &increment;
	o.lacking = &lacking;
	if (r == 0)
		r = lw_pack(&o, &result, e);
	lw_command_progress_end();
	if (r < 0)
		return r;
	lw_command_say("%s: a supplement, blobs %llu, size %s",
		       arg->file ? arg->file : arg->to.list[0],
		       (unsigned long long)result.blobs, lw_num_human_size(result.bytes, size));
	if (lw_arg_json)
		print_json(&o, &result);
	else
		(void)printf("%s\n", lw_digest_text(&result.bundle, text));
	return 0;
}

/* All but the images and the file is the increment's own. */
static bool is_supplement_alone(int n)
{
	return (arg->file != NULL) + arg->to.n == 1 && arg->only && arg->of && n > 0 &&
	       !arg->sender && !arg->sender_dir && !arg->audience && !arg->expires &&
	       !arg->marking && !arg->sequence && !arg->volume_size && !arg->trust &&
	       !arg->ca_file && !arg->request && !arg->request_key && !arg->nonce &&
	       arg->tuf.n + arg->targets.n + arg->keys.n + arg->since.n + arg->have.n == 0;
}

static int run_only(int n, char **objects)
{
	struct sources s __attribute__((cleanup(auto_sources))) = { 0 };
	struct devices devices __attribute__((cleanup(auto_devices))) = { 0 };
	struct lw_pack_options o = {
		.gather = { .platforms = arg->platforms.list, .n_platforms = arg->platforms.n },
		.output = arg->file,
		.progress = lw_command_progress("pack"),
		.stoppable = lw_command_stoppable,
		.reading_back = reading_back,
	};
	struct lw_error e = { 0 };
	int r = 0;

	if (!is_supplement_alone(n))
		return lw_command_usage(
			"a supplement wants -o FILE or one --to DEVICE, --only, --of, "
			"the images, and nothing else: it has the other's seal");
	for (int i = 0; i < n && r == 0; i++)
		r = add_source(&s, objects[i], &e);
	o.sources = s.list;
	o.n_sources = s.n;
	if (r == 0)
		r = open_devices(&devices, &o, &e);
	if (r == 0)
		r = run_supplement(&o, &e);
	return r < 0 ? lw_command_failed(&e) : LW_EXIT_DONE;
}

/* What is sealed, but for the images. */
static int fill_seal(struct lw_pack_options *o, struct lw_request *request,
		     struct lw_held *held, struct lw_error *e)
{
	int r = fill_statement(&o->statement, e);

	if (r == 0)
		r = lw_pack_answer(&o->statement, request, e);
	if (r == 0)
		r = lw_pack_fill_held(held, &o->statement, e);
	o->held = held;
	return r;
}

int lw_pack_run(int n, char **objects)
{
	struct sources s __attribute__((cleanup(auto_sources))) = { 0 };
	struct lw_pack_options o = {
		.gather = { .platforms = arg->platforms.list, .n_platforms = arg->platforms.n },
		.output = arg->file,
		.progress = lw_command_progress("pack"),
		.stoppable = lw_command_stoppable,
		.reading_back = reading_back,
	};
	struct keys keys __attribute__((cleanup(auto_keys))) = { 0 };
	struct repositories repositories __attribute__((cleanup(auto_repositories))) = { 0 };
	struct devices devices __attribute__((cleanup(auto_devices))) = { 0 };
	LW_AUTO(own_folder) struct lw_own_folder trust = { 0 };
	LW_AUTO(request) struct lw_request request = { 0 };
	LW_AUTO(held) struct lw_held held = { 0 };
	struct lw_pack_result result = { 0 };
	struct lw_error e = { 0 };
	int r = 0;

	if (arg->only || arg->of)
		return run_only(n, objects);
	if (arg->file && arg->to.n)
		return lw_command_usage("want -o FILE or --to DEVICE, not both");
	if (arg->fixed && !arg->to.n)
		return lw_command_usage("--fixed says what --to may write to");
	if ((!arg->file && !arg->to.n) || !arg->sender || (!arg->audience && !arg->request) ||
	    !arg->expires || !arg->marking)
		return lw_command_usage(
			"want -o FILE or --to DEVICE, --sender, --audience, --expires and --marking");
	if (n == 0 && arg->tuf.n == 0 && !arg->trust)
		return lw_command_usage("want an image, --tuf, or --trust");
	for (int i = 0; i < n && r == 0; i++)
		r = add_source(&s, objects[i], &e);
	if (r == 0 && arg->volume_size)
		r = volume_size(arg->volume_size, &o.volume_bytes, &e);
	if (r == 0)
		r = open_devices(&devices, &o, &e);
	if (r == 0)
		r = fill_seal(&o, &request, &held, &e);
	o.sources = s.list;
	o.n_sources = s.n;
	if (r == 0)
		r = open_repositories(&repositories, &e);
	o.repositories = repositories.list;
	o.n_repositories = repositories.n;
	o.targets = arg->targets.list;
	o.n_targets = arg->targets.n;
	o.unlisted = say_unlisted;
	if (r == 0 && arg->trust) {
		r = lw_own_folder_open(arg->trust, &trust, &e);
		o.trust = &trust.source;
	}
	if (r == 0)
		r = load_keys(&keys, &e);
	if (r == 0)
		r = pack(&o, &request, &result, &e);
	lw_command_progress_end();
	auto_devices(&devices);
	if (r == 0)
		r = approve_all(&result, &keys, &e);
	if (r < 0)
		return lw_command_failed(&e);
	print_result(&o, &result);
	return LW_EXIT_DONE;
}
