/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TESTS_STATE_FIXTURE_H
#define LW_TESTS_STATE_FIXTURE_H

/* A state of its own for each test: setup and teardown. Include after cmocka.h. */

#include "custody/state.h"
#include "tests/lib/scratch.h"

struct fixture {
	struct scratch at;
	struct lw_state *state;
	struct lw_error e;
};

static int setup(void **state)
{
	struct fixture *f = lw_alloc_array(1, sizeof(*f));

	scratch_make(&f->at);
	assert_int_equal(lw_state_open(f->at.dir, LW_STATE_CREATE, &f->state, &f->e), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	lw_state_close(f->state);
	scratch_drop(&f->at);
	free(f);
	return 0;
}

#endif
