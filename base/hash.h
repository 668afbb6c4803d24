/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_HASH_H
#define LW_BASE_HASH_H

/*
 * A keyed hash for hash tables whose keys hostile hands choose: SipHash-2-4 under a random key
 * of this process, so that nobody can prepare keys that collide. The values mean nothing
 * outside the process and must not be stored. Not a digest: see base/digest.h.
 */

#include "base/span.h"

#include <stdint.h>

/* Draws the key. Optional, but a jail that allows no getrandom must call it before it closes;
 * otherwise the first lw_hash does it. Aborts where the system has no randomness. */
void lw_hash_prepare(void);

uint64_t lw_hash(struct lw_span bytes);

#endif
