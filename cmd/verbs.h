/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_VERBS_H
#define LW_CMD_VERBS_H

/* One file a verb: cmd/<verb>.c. */

#include "cmd/command.h"

extern const struct lw_verb lw_verb_keygen, lw_verb_init, lw_verb_pack, lw_verb_approve,
	lw_verb_inspect, lw_verb_verify, lw_verb_load, lw_verb_list, lw_verb_show,
	lw_verb_endorse, lw_verb_promote, lw_verb_remove, lw_verb_gc, lw_verb_repair,
	lw_verb_policy, lw_verb_time, lw_verb_log, lw_verb_version, lw_verb_help,
	lw_verb_completion, lw_verb_tuf, lw_verb_tuf_init, lw_verb_tuf_add, lw_verb_tuf_remove,
	lw_verb_tuf_key, lw_verb_tuf_rotate, lw_verb_tuf_delegate, lw_verb_tuf_renew,
	lw_verb_tuf_sign, lw_verb_tuf_publish, lw_verb_tuf_show, lw_verb_tuf_refresh,
	lw_verb_tuf_download, lw_verb_trust, lw_verb_trust_show, lw_verb_trust_update,
	lw_verb_export, lw_verb_export_trust, lw_verb_check, lw_verb_serve, lw_verb_push,
	lw_verb_trust_diff, lw_verb_trust_rejudge, lw_verb_incoming, lw_verb_incoming_list,
	lw_verb_incoming_discard, lw_verb_have, lw_verb_request, lw_verb_request_list,
	lw_verb_request_cancel, lw_verb_request_key;

#endif
