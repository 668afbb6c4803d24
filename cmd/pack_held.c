/* SPDX-License-Identifier: Apache-2.0 */
/* `pack`, of increments: what the enclave is supposed to have, and what it turned out to lack.
 */
#include "base/fs.h"
#include "bundle/pack.h"
#include "cmd/pack_held.h"

static const struct lw_pack_arguments *const arg = &lw_pack_arguments;

/* What went to another enclave says nothing about this one. */
static int require_audience(const struct lw_statement *st, bool any,
			    const struct lw_digest *audience, struct lw_error *e)
{
	char text[LW_DIGEST_TEXT];

	if (any || (!st->any_audience && lw_digest_equal(&st->audience, audience)))
		return 0;
	return lw_fail(e, LW_E_USAGE, "it is of the enclave %s, and this bundle is for another",
		       lw_digest_text(audience, text));
}

static int add_since(struct lw_held *held, const struct lw_statement *st, const char *path,
		     struct lw_error *e)
{
	LW_AUTO(earlier) struct lw_earlier x = { 0 };
	int r = lw_earlier_read(path, NULL, &x, e);

	if (r == 0)
		r = require_audience(st, x.statement.any_audience, &x.statement.audience, e);
	if (r == 0)
		r = lw_held_add_bundle(held, &x, e);
	return r < 0 ? lw_prefix(e, "--since %s", path) : 0;
}

static int add_have(struct lw_held *held, const struct lw_statement *st, const char *path,
		    struct lw_error *e)
{
	lw_auto_fd int fd = -1;
	uint64_t size = 0;
	struct lw_digest enclave = { 0 };
	int r = lw_fs_open_input(path, &fd, &size, e);

	if (r == 0)
		r = lw_held_add_list(held, fd, size, &enclave, e);
	if (r == 0)
		r = require_audience(st, false, &enclave, e);
	return r < 0 ? lw_prefix(e, "--have %s", path) : 0;
}

/* What need not travel. */
int lw_pack_fill_held(struct lw_held *held, const struct lw_statement *st, struct lw_error *e)
{
	int r = 0;

	for (size_t i = 0; i < arg->since.n && r == 0; i++)
		r = add_since(held, st, arg->since.list[i], e);
	for (size_t i = 0; i < arg->have.n && r == 0; i++)
		r = add_have(held, st, arg->have.list[i], e);
	lw_held_finish(held);
	return r;
}

int lw_pack_read_lacking(struct lw_held *ret, const struct lw_earlier *increment,
			 struct lw_error *e)
{
	lw_auto_fd int fd = -1;
	uint64_t size = 0;
	const struct lw_digest none = { 0 };
	struct lw_digest bundle = { 0 };
	char digest[LW_DIGEST_TEXT];
	int r = lw_fs_open_input(arg->only, &fd, &size, e);

	if (r == 0)
		r = lw_held_read_lacking(fd, size, ret, &bundle, e);
	if (r == 0 && !lw_digest_equal(&bundle, &none) &&
	    !lw_digest_equal(&bundle, &increment->digest))
		r = lw_fail(e, LW_E_USAGE, "it is about another bundle, %s",
			    lw_digest_text(&bundle, digest));
	return r < 0 ? lw_prefix(e, "--only %s", arg->only) : 0;
}
