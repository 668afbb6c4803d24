/* SPDX-License-Identifier: Apache-2.0 */
/* `export` at work: in landwaiter-pack alone. */
#include "bundle/export.h"

#include "base/num.h"
#include "cmd/pack.h"
#include "cmd/verbs.h"
#include "cmd/verdict.h"

#include <string.h>

static bool take_form(const char *word, struct lw_export_options *o)
{
	static const struct {
		const char *prefix;
		enum lw_export_form form;
	} forms[] = { { "oci:", LW_EXPORT_LAYOUT }, { "oci-archive:", LW_EXPORT_ARCHIVE } };

	for (size_t i = 0; i < LW_COUNT_OF(forms); i++) {
		size_t n = strlen(forms[i].prefix);

		if (strncmp(word, forms[i].prefix, n) != 0 || !word[n])
			continue;
		o->form = forms[i].form;
		o->path = word + n;
		return true;
	}
	return false;
}

static void print(const struct lw_state_image *image, const struct lw_export_options *o,
		  const struct lw_export_result *result)
{
	char text[LW_DIGEST_TEXT], size[16];

	lw_command_say("%s: blobs %llu, size %s", o->path, (unsigned long long)result->blobs,
		       lw_num_human_size(result->bytes, size));
	lw_digest_text(&image->digest, text);
	if (lw_arg_json)
		(void)printf("{\"blobs\":%llu,\"bytes\":%llu,\"digest\":\"%s\",\"format\":"
			     "\"landwaiter-export/1\",\"name\":\"%s\"}\n",
			     (unsigned long long)result->blobs,
			     (unsigned long long)result->bytes, text, image->name);
	else
		(void)printf("%s\n", text);
}

int lw_export_run(int n, char **objects)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	struct lw_export_options o = { .progress = lw_command_progress("export") };
	struct lw_export_result result;
	struct lw_state_image image = { 0 };
	struct lw_error e = { 0 };
	int code, r;

	(void)n;
	if (!take_form(objects[1], &o))
		return lw_command_usage("want oci:DIR or oci-archive:FILE, have '%s'",
					objects[1]);
	code = lw_command_enclave(LW_STATE_READ, &enclave);
	if (code != LW_EXIT_DONE)
		return code;
	r = lw_state_image_get(enclave->state, objects[0], &image, &e);
	if (r == 0)
		r = lw_export_image(enclave, &image, &o, &result, &e);
	lw_command_progress_end();
	if (r == 0)
		print(&image, &o, &result);
	lw_state_image_release(&image);
	return r < 0 ? lw_command_failed(&e) : LW_EXIT_DONE;
}
