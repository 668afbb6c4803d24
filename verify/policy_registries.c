/* SPDX-License-Identifier: Apache-2.0 */
/* containers-registries.d.5: YAML of the shape {default-docker: SECTION, docker: {SCOPE:
 * SECTION}}, of which we want to know where signatures are attached to images. */
#include "base/limits.h"
#include "base/mem.h"
#include "verify/policy_import.h"

#include <string.h>
#include <yaml.h>

struct reading {
	yaml_document_t *document;
	const char *file;
	struct lw_registries *registries;
	struct lw_remarks *remarks;
};

/* A scalar's text, or NULL. */
static const char *text_of(const yaml_node_t *node)
{
	if (!node || node->type != YAML_SCALAR_NODE ||
	    memchr(node->data.scalar.value, 0, node->data.scalar.length))
		return NULL;
	return (const char *)node->data.scalar.value;
}

static const yaml_node_t *node_at(const struct reading *r, int index)
{
	return yaml_document_get_node(r->document, index);
}

static void not_understood(const struct reading *r, const char *scope, const char *what)
{
	lw_auto_free char *where = lw_asprintf("%s %s", r->file, scope);

	lw_remark(r->remarks, LW_REMARK_IMPORT_UNKNOWN, where, "not understood: %s", what);
}

static void read_member(const struct reading *r, struct lw_registry *registry, const char *key,
			const char *value)
{
	lw_auto_free char *where = lw_asprintf("%s %s", r->file, registry->scope);

	if (strcmp(key, "use-sigstore-attachments") == 0 && value &&
	    (strcmp(value, "true") == 0 || strcmp(value, "false") == 0))
		registry->attachments = value[0] == 't';
	else if (strcmp(key, "lookaside") == 0 || strcmp(key, "lookaside-staging") == 0 ||
		 strcmp(key, "sigstore") == 0 || strcmp(key, "sigstore-staging") == 0)
		lw_remark(r->remarks, LW_REMARK_IMPORT_LOOKASIDE, where,
			  "%s: signatures kept there are not packed and not judged", key);
	else
		not_understood(r, registry->scope, key);
}

static void read_section(const struct reading *r, const char *scope, const yaml_node_t *node)
{
	struct lw_registries *all = r->registries;

	if (!node || node->type != YAML_MAPPING_NODE) {
		not_understood(r, scope, "no mapping");
		return;
	}
	all->list = lw_realloc_array(all->list, all->n + 1, sizeof(*all->list));

	struct lw_registry *registry = &all->list[all->n++];

	*registry = (struct lw_registry){ .scope = lw_strdup(scope) };
	for (const yaml_node_pair_t *p = node->data.mapping.pairs.start;
	     p < node->data.mapping.pairs.top; p++) {
		const char *key = text_of(node_at(r, p->key));

		read_member(r, registry, key ? key : "a member without a name",
			    text_of(node_at(r, p->value)));
	}
}

static void read_root(const struct reading *r, const yaml_node_t *root)
{
	for (const yaml_node_pair_t *p = root->data.mapping.pairs.start;
	     p < root->data.mapping.pairs.top; p++) {
		const char *key = text_of(node_at(r, p->key));
		const yaml_node_t *value = node_at(r, p->value);

		if (key && strcmp(key, "default-docker") == 0) {
			read_section(r, "", value);
		} else if (key && strcmp(key, "docker") == 0 && value &&
			   value->type == YAML_MAPPING_NODE) {
			for (const yaml_node_pair_t *s = value->data.mapping.pairs.start;
			     s < value->data.mapping.pairs.top; s++) {
				const char *scope = text_of(node_at(r, s->key));

				if (scope && *scope)
					read_section(r, scope, node_at(r, s->value));
				else
					not_understood(r, "docker", "a scope without a name");
			}
		} else {
			not_understood(r, "", key ? key : "a member without a name");
		}
	}
}

int lw_registries_read(struct lw_registries *registries, const struct lw_import_file *file,
		       struct lw_remarks *remarks, struct lw_error *e)
{
	yaml_parser_t parser;
	yaml_document_t document;
	struct reading r = { &document, file->name, registries, remarks };
	int result = 0;

	if (file->bytes.n > LW_MAX_POLICY_BYTES)
		return lw_fail(e, LW_E_LIMIT, "%s: want at most %zu bytes", file->name,
			       LW_MAX_POLICY_BYTES);
	if (!yaml_parser_initialize(&parser))
		abort(); /* out of memory */
	yaml_parser_set_input_string(&parser, file->bytes.p, file->bytes.n);
	if (yaml_parser_load(&parser, &document)) {
		const yaml_node_t *root = yaml_document_get_root_node(&document);

		if (root && root->type == YAML_MAPPING_NODE)
			read_root(&r, root);
		else if (root) /* an empty file says nothing */
			result = lw_fail(e, LW_E_FORMAT, "%s: want a mapping", file->name);
		yaml_document_delete(&document);
	} else {
		result = lw_fail(e, LW_E_FORMAT, "%s: line %zu: %s", file->name,
				 parser.problem_mark.line + 1,
				 parser.problem ? parser.problem : "no YAML");
	}
	yaml_parser_delete(&parser);
	return result;
}

void lw_registries_release(struct lw_registries *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->list[i].scope);
	free(r->list);
	*r = (struct lw_registries){ 0 };
}
