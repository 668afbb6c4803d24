/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "image/layout.h"

#include <string.h>
#include <sys/stat.h>

static const struct {
	const char *name;
	const char *form;
	bool folder, has_ref;
} kinds[LW_SOURCE_COUNT] = {
	[LW_SOURCE_OCI] = { "oci", "oci:DIR[:REF]", true, true },
	[LW_SOURCE_DIR] = { "dir", "dir:DIR", true, false },
	[LW_SOURCE_OCI_ARCHIVE] = { "oci-archive", "oci-archive:FILE[:REF]", false, true },
	[LW_SOURCE_DOCKER_ARCHIVE] = { "docker-archive", "docker-archive:FILE[:REF]", false,
				       true },
};

const char *lw_source_kind_name(enum lw_source_kind kind)
{
	return kinds[kind].name;
}

void lw_source_release(struct lw_source *s)
{
	free(s->path);
	free(s->ref);
	*s = (struct lw_source){ 0 };
}

static bool is_there(const char *path, bool folder)
{
	struct stat st;

	return stat(path, &st) == 0 && (folder ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode));
}

/* Where the path ends: at the last colon (or the end) before which there is one, else at the
 * first colon. */
static size_t path_length(const char *text, bool folder)
{
	lw_auto_free char *path = lw_strdup(text);
	size_t n = strlen(path);

	for (;;) {
		if (is_there(path, folder))
			return n;

		char *colon = strrchr(path, ':');
		if (!colon)
			return strcspn(text, ":");
		*colon = '\0';
		n = (size_t)(colon - path);
	}
}

static bool find_kind(const char *source, enum lw_source_kind *ret, const char **ret_text)
{
	for (enum lw_source_kind k = 0; k < LW_SOURCE_COUNT; k++) {
		size_t n = strlen(kinds[k].name);

		if (strncmp(source, kinds[k].name, n) != 0 || source[n] != ':')
			continue;
		*ret = k;
		*ret_text = source + n + 1;
		return true;
	}
	return false;
}

bool lw_source_is(const char *text)
{
	enum lw_source_kind kind;
	const char *rest;

	return find_kind(text, &kind, &rest);
}

static int fail_form(const char *shown, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf forms = { 0 };

	for (size_t k = 0; k < LW_SOURCE_COUNT; k++)
		lw_buf_printf(&forms, "%s%s",
			      k == 0			? ""
			      : k + 1 < LW_SOURCE_COUNT ? ", "
							: " or ",
			      kinds[k].form);
	return lw_fail(e, LW_E_USAGE, "source '%s': want %s", shown, lw_buf_str(&forms));
}

int lw_source_split(const char *source, struct lw_source *ret, struct lw_error *e)
{
	enum lw_source_kind kind = LW_SOURCE_OCI;
	const char *text = NULL;
	char shown[160];

	(void)lw_text_escape_str(source, shown, sizeof(shown));
	if (!find_kind(source, &kind, &text))
		return fail_form(shown, e);

	size_t n = kinds[kind].has_ref ? path_length(text, kinds[kind].folder) : strlen(text);
	const char *ref = text[n] ? text + n + 1 : text + n;

	if (n == 0)
		return lw_fail(e, LW_E_USAGE, "source '%s': the %s is missing", shown,
			       kinds[kind].folder ? "folder" : "file");
	if (text[n] && !*ref)
		return lw_fail(e, LW_E_USAGE, "source '%s': nothing after the colon", shown);
	if (strlen(ref) > LW_MAX_REFERENCE)
		return lw_fail(e, LW_E_USAGE, "source '%s': the name is longer than %zu bytes",
			       shown, LW_MAX_REFERENCE);
	*ret = (struct lw_source){ .kind = kind,
				   .path = lw_strndup(text, n),
				   .ref = lw_strdup(ref) };
	return 0;
}
